"""A LocalStack of the run's own: started by Docker Compose on a free port, gone with the run."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from docker.errors import APIError, ImageNotFound

from harness import process
from harness.containers import engine as containers
from harness.process import CommandFailedError
from harness.run_folder import PortTakenError, on_free_port
from harness.targets.localstack.api import read_status
from harness.targets.localstack.errors import (
    ComposeFailedError,
    ComposeMissingError,
    ImageNotPulledError,
    LocalStackFailedError,
    RepairsMissingError,
    TokenRequiredError,
)
from harness.targets.localstack.inside import LABELS_VARIABLE
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from docker import DockerClient

    from harness.containers.engine import EngineRun
    from harness.sandbox.limits.base import Cpu

DEFAULT_IMAGE: Final = "localstack/localstack:4.14.0"

COMPOSE_FILE: Final = Path(__file__).parents[3] / "docker-compose.yml"
_SERVICE: Final = "localstack"

_PROJECT_LABEL: Final = "com.docker.compose.project"
_SERVICE_LABEL: Final = "com.docker.compose.service"
_CANDIDATES: Final = (("docker", "compose"), ("docker-compose",))
# What the engine says when somebody else listens on the port: Docker's own proxy, or another program.
_PORT_TAKEN: Final = ("port is already allocated", "address already in use")
_UP_TIMEOUT_SECONDS: Final = 120.0
_LOG_TAIL_LINES: Final = 12
_START_TIMEOUT_SECONDS: Final = 180.0
# What LocalStack ends with when its licence cannot be activated.
_TOKEN_EXIT_CODE: Final = 55


@dataclass(frozen=True, kw_only=True)
class Project:
    """One LocalStack of the rig's: a name that nobody else has, compose files, and their variables."""

    name: str
    files: Sequence[Path]
    variables: Mapping[str, str]

    def up(self, port: int) -> int:
        """Make its network and its container, start that on the port, and return the port."""
        chosen = [argument for file in self.files for argument in ("--file", str(file))]
        command = [*_find_compose(), "--project-name", self.name, *chosen, "up", "--detach"]
        variables = {**os.environ, **_engine_socket(), **self.variables, "LOCALSTACK_PORT": str(port)}
        try:
            process.run(command, cwd=COMPOSE_FILE.parent, env=variables, timeout_seconds=_UP_TIMEOUT_SECONDS)
        except CommandFailedError as exc:
            if any(sign in str(exc) for sign in _PORT_TAKEN):
                raise PortTakenError(port) from exc
            raise ComposeFailedError(str(exc).strip().splitlines()[-1].strip()) from exc
        return port


@contextlib.contextmanager
def started_localstack(
    engine: DockerClient, run: EngineRun, *, folder: Path, port: int | None, cpu: Cpu
) -> Iterator[str]:
    """Start LocalStack inside the block and give its URL; its container is killed at the end.

    What is left of the run after that, functions' containers and the network, carries the run's labels.
    """
    image = os.environ.get("LOCALSTACK_IMAGE") or DEFAULT_IMAGE
    _ensure_image(engine, image)
    project = Project(
        name=f"thumbrig-{run.id}",
        files=(COMPOSE_FILE, _own_settings(folder, run)),
        variables={"LOCALSTACK_IMAGE": image, "THUMBRIG_CPU": cpu},
    )
    # Compose makes the container anew if the first port was taken meanwhile.
    endpoint_url = f"http://127.0.0.1:{on_free_port(port, project.up)}"
    container_id = container_of(engine, project.name)
    try:
        _wait_until_ready(engine, container_id, endpoint_url, image)
        yield endpoint_url
    finally:
        # First of all, so that it starts no container while the others are removed.
        containers.remove_container(engine, container_id)


def _ensure_image(engine: DockerClient, image: str) -> None:
    try:
        containers.require_image(engine, image)
    except containers.ImageMissingError:
        click.echo(f"thumbrig: pulling {image}, once", err=True)
        try:
            engine.images.pull(image)
        except (APIError, ImageNotFound) as exc:
            raise ImageNotPulledError(image, exc.explanation or str(exc)) from exc


def _own_settings(folder: Path, run: EngineRun) -> Path:
    # JSON is YAML, and needs no library.
    path = folder / "compose.json"
    service = {
        "labels": run.labels,
        "environment": {LABELS_VARIABLE: json.dumps(run.labels)},
        # The rig asks LocalStack itself; each look of Docker's starts a Python. docker-compose 1.29 takes no
        # "disable" beside the settings of the other file.
        "healthcheck": {"interval": "1h"},
    }
    networks = {"default": {"labels": run.labels}}
    path.write_text(json.dumps({"services": {_SERVICE: service}, "networks": networks}))
    return path


def _wait_until_ready(engine: DockerClient, container_id: str, endpoint_url: str, image: str) -> None:
    last = "not asked yet"

    def ready_or_ended() -> bool | None:
        nonlocal last
        # Once its container has ended, waiting on would not help.
        if _exit_code(engine, container_id) is not None:
            return True
        try:
            status = read_status(endpoint_url)
        except (OSError, ValueError) as exc:
            last = str(exc)
            return None
        last = f"its start-up is not over, the rig's script in it: {status.script_description}"
        return True if status.ready else None

    try:
        wait_for(
            ready_or_ended,
            lambda: f"expected it to be ready at {endpoint_url}, got: {last}",
            timeout_seconds=_START_TIMEOUT_SECONDS,
            backoff=Backoff(most_seconds=0.1),
        )
    except TimedOutError as exc:
        raise LocalStackFailedError(str(exc), _log_tail(engine, container_id)) from exc
    code = _exit_code(engine, container_id)
    if code == _TOKEN_EXIT_CODE:
        raise TokenRequiredError(image, given=bool(os.environ.get("LOCALSTACK_AUTH_TOKEN")))
    if code is not None:
        raise LocalStackFailedError(f"it ended with exit code {code}", _log_tail(engine, container_id))
    status = read_status(endpoint_url)
    if not status.repaired:
        tail = _log_tail(engine, container_id)
        raise RepairsMissingError(endpoint_url, status.script_description, tail)


def _find_compose() -> tuple[str, ...]:
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
    wanted = [f"{_PROJECT_LABEL}={project}", f"{_SERVICE_LABEL}={_SERVICE}"]
    with containers.translated(f"find the container of {project}"):
        (found,) = engine.api.containers(all=True, filters={"label": wanted})
    return str(found["Id"])


def _engine_socket() -> dict[str, str]:
    # A rootless engine's socket is elsewhere. On macOS the name is one outside of the engine's machine.
    address = os.environ.get("DOCKER_HOST", "")
    if sys.platform == "linux" and address.startswith("unix://"):
        return {"DOCKER_SOCKET": address.removeprefix("unix://")}
    return {}


def _exit_code(engine: DockerClient, container_id: str) -> int | None:
    """Return the code with which a container has ended, or None while it runs."""
    state: dict[str, Any] = engine.api.inspect_container(container_id)["State"]
    return None if state["Running"] else int(state["ExitCode"])


def _log_tail(engine: DockerClient, container_id: str) -> list[str]:
    """Read the last lines that a container wrote."""
    written: bytes = engine.api.logs(container_id, tail=_LOG_TAIL_LINES)
    return [line for line in written.decode(errors="replace").splitlines() if line.strip()]
