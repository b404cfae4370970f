"""The packages of a run: each function is built, checked and uploaded once, however often it is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.deploy import upload_code
from harness.package import build
from harness.probe import require_sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.aws import Aws
    from harness.deploy import Code
    from harness.function import FunctionFolder
    from harness.package import Package
    from harness.platforms import Platform


class Packages:
    """Packages of the function under test, and of others, for the platforms on which a target runs them."""

    def __init__(
        self, function: FunctionFolder, platform_of: Callable[[FunctionFolder], Platform], *, cache: Path
    ) -> None:
        self.function_under_test = function
        self.platform_of = platform_of
        self._cache = cache
        self._built: dict[FunctionFolder, Package] = {}
        self._uploaded: dict[FunctionFolder, Code] = {}

    def build(self, function: FunctionFolder) -> Package:
        """Build a package, and check that it will load there."""
        if function not in self._built:
            platform = self.platform_of(function)
            package = build(function, platform, cache=self._cache)
            require_sound(package.path, platform, function.handler)
            self._built[function] = package
        return self._built[function]

    def upload(self, function: FunctionFolder, aws: Aws, *, prefix: str) -> Code:
        """Put a package where stacks can take it from: a bucket whose name begins so."""
        if function not in self._uploaded:
            self._uploaded[function] = upload_code(aws, self.build(function).path, prefix=prefix)
        return self._uploaded[function]
