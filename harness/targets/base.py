"""What every target offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from harness.deployment import Capability, Deployment
from harness.package.function import FunctionFolder
from harness.targets.stacks import Stacks


class Target(Protocol):
    """A place where the pipeline runs; its module has a context manager that starts and ends it."""

    @property
    def name(self) -> str:
        """The name that `--target` takes."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""

    @property
    def description(self) -> str:
        """What it consists of, with versions."""

    @property
    def limits(self) -> str:
        """What holds the functions to their memory, and how it was proved."""

    @property
    def stacks(self) -> Stacks:
        """The stacks that were deployed in it."""

    def deploy(
        self, *, function: FunctionFolder | None = None, parameters: Mapping[str, str] | None = None
    ) -> Deployment:
        """Deploy a function, the one under test if none is named, in a stack of its own."""
