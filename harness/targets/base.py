"""What every target offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.deployment import Capability, Deployment


class Target(Protocol):
    """A place where the pipeline runs; its module has a context manager that starts and ends it."""

    name: str
    capabilities: frozenset[Capability]

    def deploy(self, *, parameters: Mapping[str, str] | None = None) -> Deployment:
        """Deploy the function under test once more, in a stack of its own, with these template parameters."""
