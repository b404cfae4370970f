"""A target that keeps its deployments, and how long each took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.deployment import Capability, Deployment
    from harness.package.function import FunctionFolder
    from harness.targets.base import Target


class TimedTarget:
    """Another target in all that it does."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.deploy_seconds: list[float] = []
        self.of_function_under_test: list[Deployment] = []

    @property
    def name(self) -> str:
        """The target's."""
        return self._target.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The target's."""
        return self._target.capabilities

    @property
    def description(self) -> str:
        """The target's."""
        return self._target.description

    @property
    def limits(self) -> str:
        """The target's."""
        return self._target.limits

    def deploy(
        self, *, function: FunctionFolder | None = None, parameters: Mapping[str, str] | None = None
    ) -> Deployment:
        """Deploy, and note the time."""
        started = time.monotonic()
        deployment = self._target.deploy(function=function, parameters=parameters)
        self.deploy_seconds.append(time.monotonic() - started)
        if function is None:
            self.of_function_under_test.append(deployment)
        return deployment
