"""What the limiters have in common whose cages hold processes of this machine's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.package.function import runtime_family
from harness.package.platforms import host_platform
from harness.sandbox.runtimes import runtime_of

if TYPE_CHECKING:
    from harness.package.platforms import Platform
    from harness.sandbox.runtimes import Runtime


class OnThisMachine:
    """Functions run in this machine's own Python and Node.js."""

    def platform(self, runtime: str) -> Platform:
        """Describe this machine: its version of the language stands in for the one that was declared."""
        return host_platform(runtime_family(runtime).name)

    def runtime(self, name: str) -> Runtime:
        """Give the runtime client that is installed here."""
        return runtime_of(name)
