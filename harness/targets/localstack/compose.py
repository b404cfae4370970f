"""Docker Compose: starts LocalStack under a project name of its own."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness import process
from harness.containers import engine as containers
from harness.process import CommandFailedError
from harness.run_folder import PortTakenError
from harness.targets.localstack.errors import ComposeFailedError, ComposeMissingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from docker import DockerClient

FILE: Final = Path(__file__).parents[3] / "docker-compose.yml"
SERVICE: Final = "localstack"

_PROJECT_LABEL: Final = "com.docker.compose.project"
_SERVICE_LABEL: Final = "com.docker.compose.service"
_CANDIDATES: Final = (("docker", "compose"), ("docker-compose",))
# What the engine says when somebody else listens on the port: Docker's own proxy, or another program.
_PORT_TAKEN: Final = ("port is already allocated", "address already in use")
_UP_TIMEOUT_SECONDS: Final = 120.0


@dataclass(frozen=True, kw_only=True)
class Project:
    """One LocalStack of the rig's: a name that nobody else has, a port, and what the files are to be told."""

    name: str
    port: int
    files: Sequence[Path]
    variables: Mapping[str, str]

    def up(self) -> None:
        """Make its network and its container, and start that."""
        chosen = [argument for file in self.files for argument in ("--file", str(file))]
        command = [*find_compose(), "--project-name", self.name, *chosen, "up", "--detach"]
        variables = {**os.environ, **_engine_socket(), **self.variables, "LOCALSTACK_PORT": str(self.port)}
        try:
            process.run(command, cwd=FILE.parent, env=variables, timeout_seconds=_UP_TIMEOUT_SECONDS)
        except CommandFailedError as exc:
            if any(sign in str(exc) for sign in _PORT_TAKEN):
                raise PortTakenError(self.port) from exc
            raise ComposeFailedError(str(exc).strip().splitlines()[-1].strip()) from exc


def find_compose() -> tuple[str, ...]:
    """Find the plugin, or the older program."""
    for candidate in _CANDIDATES:
        try:
            process.run([*candidate, "version"])
        except CommandFailedError:
            continue
        return candidate
    raise ComposeMissingError


def container_of(engine: DockerClient, project: str) -> str:
    """Find the container that compose has made."""
    wanted = [f"{_PROJECT_LABEL}={project}", f"{_SERVICE_LABEL}={SERVICE}"]
    with containers.translated(f"find the container of {project}"):
        (found,) = engine.api.containers(all=True, filters={"label": wanted})
    return str(found["Id"])


def _engine_socket() -> dict[str, str]:
    # A rootless engine's socket is elsewhere. On macOS the name is one outside of the engine's machine.
    address = os.environ.get("DOCKER_HOST", "")
    if sys.platform == "linux" and address.startswith("unix://"):
        return {"DOCKER_SOCKET": address.removeprefix("unix://")}
    return {}
