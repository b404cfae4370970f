"""Environments for the tests of the sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from harness.aws import Credentials
from harness.sandbox.environment import Environment
from harness.sandbox.function import DeployedFunction
from harness.sandbox.limits.choose import confinement
from harness.sandbox.runtimes import link_runtimes, runtime_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    StartFunction = Callable[..., Environment]


@dataclass
class Log:
    lines: list[str] = field(default_factory=list)

    def write(self, message: str, *, epoch_ms: int) -> None:
        assert epoch_ms > 0
        self.lines.append(message)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture(scope="session")
def runtimes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of this machine's runtimes."""
    folder = tmp_path_factory.mktemp("shared") / "runtimes"
    link_runtimes(folder)
    return folder


@pytest.fixture
def start_function(tmp_path: Path, runtimes: Path, log: Log) -> Iterator[StartFunction]:
    """Starts environments for a handler's source, and stops them at the end."""
    started: list[Environment] = []

    def start(source: str, *, runtime: str, file: str, handler: str, timeout_seconds: int = 5) -> Environment:
        root = tmp_path / f"task-{len(started)}"
        (root / file).parent.mkdir(parents=True)
        (root / file).write_text(source)
        environment = Environment(
            _function(root, runtime, handler, timeout_seconds),
            folder=tmp_path / f"environment-{len(started)}",
            runtime_folder=runtime_folder(runtime, runtimes),
            log=lambda _: log,
            confinement=confinement(),
        )
        started.append(environment)
        return environment

    yield start
    for environment in started:
        environment.stop()


def _function(root: Path, runtime: str, handler: str, timeout_seconds: int) -> DeployedFunction:
    return DeployedFunction(
        name="thumbs",
        arn="arn:aws:lambda:us-east-1:000000000000:function:thumbs",
        region="us-east-1",
        runtime=runtime,
        handler=handler,
        memory_mb=512,
        timeout_seconds=timeout_seconds,
        variables={"BUCKET_NAME": "photos"},
        log_group="/aws/lambda/thumbs",
        task_root=root,
        endpoint_url="http://127.0.0.1:1",
        credentials=Credentials(access_key_id="a", secret_access_key="b", session_token="c"),  # noqa: S106  made up
    )
