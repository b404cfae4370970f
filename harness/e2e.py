"""The end-to-end run: start a target and run the scenarios on it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from harness.package.function import FunctionFolder
from harness.sandbox.limits.base import Cpu
from harness.targets.base import Target
from harness.targets.embedded.target import embedded_target
from harness.targets.localstack.target import localstack_target

TargetName = Literal["embedded", "localstack"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is run from end to end, and where."""

    function: FunctionFolder
    port: int | None
    cache: Path
    limiter: str | None
    cpu: Cpu
    target_name: TargetName = "embedded"
    endpoint: str | None = None

    def target(self) -> AbstractContextManager[Target]:
        """Start the target."""
        if self.target_name == "localstack":
            return localstack_target(
                self.function, cache=self.cache, port=self.port, cpu=self.cpu, endpoint=self.endpoint
            )
        return embedded_target(
            self.function, cache=self.cache, port=self.port, limiter=self.limiter, cpu=self.cpu
        )


@dataclass(frozen=True, kw_only=True)
class StartedTarget:
    """What the scenarios get as a plugin of pytest: a target, and when the run began.

    From `ready_seconds` on the target could be deployed to; `results` is the file that stores the run.
    """

    target: Target
    function: FunctionFolder
    started_seconds: float
    ready_seconds: float
    results: Path | None = None


def run_scenarios(
    run: Run, folder: Path, pytest_arguments: Sequence[str], *, results: Path | None = None
) -> int:
    """Run the scenarios on a target that ends with them, store the results, return pytest's exit code."""
    started = time.monotonic()
    with run.target() as target:
        plugin = StartedTarget(
            target=target,
            function=run.function,
            started_seconds=started,
            ready_seconds=time.monotonic(),
            results=results,
        )
        return int(pytest.main([str(folder), *pytest_arguments], plugins=[plugin]))
