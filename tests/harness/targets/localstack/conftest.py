"""A LocalStack for the tests of a session, with a small function in it that does what its event asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.observe.log import read_log
from harness.package.function import FunctionFolder
from harness.targets.localstack.inside import FUNCTION_LABEL
from harness.targets.localstack.target import localstack_target
from harness.wait import wait_for

if TYPE_CHECKING:
    from docker import DockerClient

    from harness.deployment import Deployment
    from harness.observe.log import FunctionLog
    from harness.targets.localstack.target import LocalStackTarget
    from tests.conftest import FunctionFolders

OBEDIENT = """
import json, time
from pathlib import Path

def handle(event, context):
    if "seconds" in event:
        Path("/tmp/sleeping").touch()
        print("going to sleep", flush=True)
    if "Records" in event:
        print(json.dumps({"event": event}))
    if "megabytes" in event:
        print("going to hold", event["megabytes"], flush=True)
    held = bytearray(event.get("megabytes", 0) * 2**20)
    held[::4096] = b"x" * len(held[::4096])
    time.sleep(event.get("seconds", 0))
    return {"held": len(held)}
"""


@dataclass(frozen=True)
class Function:
    """The function as the tests use it."""

    deployment: Deployment
    engine: DockerClient

    def invoke(self, **event: int) -> dict[str, Any]:
        """Have it serve an event; returns its answer, or the error."""
        answer = self.deployment.aws.client("lambda").invoke(
            FunctionName=self.deployment.function_name, Payload=json.dumps(event)
        )
        payload: dict[str, Any] = json.loads(answer["Payload"].read())
        return payload

    def containers(self) -> list[dict[str, Any]]:
        """Look at its containers."""
        wanted = {"label": f"{FUNCTION_LABEL}={self.deployment.function_name}"}
        found = self.engine.api.containers(filters=wanted)
        return [self.engine.api.inspect_container(container["Id"]) for container in found]

    def log_with(self, count: int) -> FunctionLog:
        """Wait until its log has so many invocations."""

        def logged() -> FunctionLog | None:
            log = read_log(self.deployment)
            return log if log.invocations_ended >= count else None

        return wait_for(
            logged,
            lambda: f"expected {count} invocations, the log has {read_log(self.deployment).lines}",
            timeout_seconds=20,
        )


@pytest.fixture(scope="session")
def obedient(function_folders: FunctionFolders) -> FunctionFolder:
    """The small function's folder."""
    return FunctionFolder.load(function_folders.make(OBEDIENT))


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of packages."""
    return tmp_path_factory.mktemp("packages")


@pytest.fixture(scope="session")
def target(obedient: FunctionFolder, packages: Path) -> Iterator[LocalStackTarget]:
    """A LocalStack with Lambda's share of the CPU."""
    with localstack_target(obedient, cache=packages, cpu="lambda") as target:
        yield target


@pytest.fixture
def function(target: LocalStackTarget, engine: DockerClient) -> Function:
    """The small function, in a stack of its own."""
    return Function(target.deploy(), engine)
