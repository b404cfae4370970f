"""The stacks of a run: each function is built, checked and uploaded once, however often it is deployed."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from harness.package.build import build
from harness.package.probe import require_sound
from harness.targets.deploy import Stack, deploy, upload_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from harness.aws import Aws
    from harness.deployment import Capability, Deployment
    from harness.package.build import Package
    from harness.package.function import FunctionFolder
    from harness.package.platforms import Platform
    from harness.targets.deploy import Code


class Stacks:
    """Stacks of the function under test, and of others, whose names begin alike.

    `platform_of` says what a target runs a function on.
    """

    def __init__(
        self,
        function: FunctionFolder,
        platform_of: Callable[[FunctionFolder], Platform],
        *,
        prefix: str,
        cache: Path,
    ) -> None:
        self.function_under_test = function
        self._platform_of = platform_of
        self._prefix = prefix
        self._cache = cache
        self._built: dict[FunctionFolder, tuple[Package, Platform]] = {}
        self._uploaded: dict[FunctionFolder, Code] = {}
        self._numbers = itertools.count(1)

    def build(self, function: FunctionFolder) -> tuple[Package, Platform]:
        """Build a package, check that it will load, and say for which platform it is."""
        if function not in self._built:
            platform = self._platform_of(function)
            package = build(function, platform, cache=self._cache)
            require_sound(package.path, platform, function.handler)
            self._built[function] = package, platform
        return self._built[function]

    def deploy(
        self,
        aws: Aws,
        function: FunctionFolder | None,
        parameters: Mapping[str, str] | None,
        *,
        capabilities: frozenset[Capability],
    ) -> Deployment:
        """Deploy a function, the one under test if none is named, in a stack of its own."""
        function = function or self.function_under_test
        package, platform = self.build(function)
        if function not in self._uploaded:
            self._uploaded[function] = upload_code(aws, package.path, prefix=self._prefix)
        stack = Stack(
            name=f"{self._prefix}{next(self._numbers)}",
            code=self._uploaded[function],
            # What it is built for is what is declared: this machine's Python or Node.js, or Lambda's own.
            runtime=platform.runtime,
            handler=function.handler,
            architecture=platform.architecture,
            parameters=parameters or {},
        )
        return deploy(aws, stack, capabilities=capabilities)
