"""What runs a function of some language: the seam between an environment and a runtime client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from harness.package.function import runtime_family
from harness.sandbox import node_runtime, python_runtime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.sandbox.function import DeployedFunction


class Runtime(Protocol):
    """A runtime client, and how it is started; a module can be one."""

    def link_runtime(self, folder: Path) -> None:
        """Make `folder`, the value of LAMBDA_RUNTIME_DIR, and link what the runtime provides into it."""

    def command(self, function: DeployedFunction) -> list[str]:
        """Build the command that serves the function's events."""

    def variables(self, function: DeployedFunction, runtime_folder: Path, /) -> dict[str, str]:
        """Build the environment variables that this runtime adds to Lambda's own."""


_RUNTIMES: Final[Mapping[str, Runtime]] = {"python": python_runtime, "nodejs": node_runtime}


def runtime_of(name: str) -> Runtime:
    """Return this machine's runtime for one like `python3.13`."""
    return _RUNTIMES[runtime_family(name).name]


def link_runtimes(folder: Path) -> None:
    """Give each runtime a folder of its own below `folder`, ahead of any cold start."""
    for name, runtime in _RUNTIMES.items():
        runtime.link_runtime(folder / name)


def runtime_folder(runtime: str, folder: Path) -> Path:
    """Return the folder that `link_runtimes` gave to a runtime like `python3.13`."""
    return folder / runtime_family(runtime).name
