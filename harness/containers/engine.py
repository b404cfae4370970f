"""The Docker engine, and what a run of the rig has started in it.

Whatever the rig starts there carries labels: which run it belongs to, and which process owns that run. So a
run can remove what is its own and what dead runs have left, and touches nothing else.
"""

from __future__ import annotations

import contextlib
import os
import platform
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import docker
import psutil
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from harness import guardian
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from docker import DockerClient

RUN_LABEL: Final = "thumbrig.run"
_OWNER_HOST_LABEL: Final = "thumbrig.owner-host"
_OWNER_PID_LABEL: Final = "thumbrig.owner-pid"
_OWNER_STARTED_LABEL: Final = "thumbrig.owner-started"

# A running engine answers within milliseconds; one that hangs must not hold up the rig's start.
_GREETING_TIMEOUT_SECONDS: Final = 3
_CALL_TIMEOUT_SECONDS: Final = 60
# A corrected clock moves the time at which a process seems to have started.
_CLOCK_TOLERANCE_SECONDS: Final = 60.0


class NoEngineError(ThumbrigError):
    """Raised when no Docker engine answers."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"no Docker engine answers ({reason}): start Docker, or set DOCKER_HOST or `docker context use`"
        )


class EngineForbiddenError(ThumbrigError):
    """Raised when this user may not talk to the Docker engine."""

    def __init__(self) -> None:
        super().__init__(
            "this user may not talk to the Docker engine: join the group docker "
            "(`sudo usermod -aG docker $USER`, then log in again), or use rootless Docker"
        )


class ImageMissingError(ThumbrigError):
    """Raised when the engine does not have an image."""

    def __init__(self, image: str) -> None:
        super().__init__(f"the Docker engine has no image {image}: run `docker pull {image}`")


class EngineFailedError(ThumbrigError):
    """Raised when the Docker engine refuses a request, or breaks it off."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"the Docker engine could not {what}: {reason}")


@dataclass(frozen=True, kw_only=True)
class EngineRun:
    """What one process of the rig starts in the engine, known by its labels."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def labels(self) -> dict[str, str]:
        """The labels for each container and network of the run."""
        return {
            RUN_LABEL: self.id,
            _OWNER_HOST_LABEL: platform.node(),
            _OWNER_PID_LABEL: str(os.getpid()),
            _OWNER_STARTED_LABEL: str(psutil.Process().create_time()),
        }


def connect() -> DockerClient:
    """Connect to the engine that the docker command would talk to: DOCKER_HOST, or the current context."""
    try:
        engine = docker.from_env(timeout=_GREETING_TIMEOUT_SECONDS)
    except (DockerException, requests.RequestException) as exc:
        if any(isinstance(cause, PermissionError) for cause in _causes(exc)):
            raise EngineForbiddenError from exc
        raise NoEngineError(_reason(exc)) from exc
    engine.api.timeout = _CALL_TIMEOUT_SECONDS
    return engine


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise the engine's errors inside the block as the rig's; `what` is what was tried, as in "start X"."""
    try:
        yield
    except APIError as exc:
        raise EngineFailedError(what, exc.explanation or str(exc)) from exc
    except (DockerException, requests.RequestException) as exc:
        raise EngineFailedError(what, _reason(exc)) from exc


def require_image(engine: DockerClient, image: str) -> None:
    """Raise ImageMissingError unless the engine has the image; nothing is pulled."""
    with translated(f"look for the image {image}"):
        try:
            engine.images.get(image)
        except ImageNotFound as exc:
            raise ImageMissingError(image) from exc


@contextlib.contextmanager
def started_run(engine: DockerClient) -> Iterator[EngineRun]:
    """Yield a run whose containers and networks are removed at the block's end, or at the rig's."""
    remove_left_overs(engine)
    run = EngineRun()
    guardian.watch_containers(run.id)
    try:
        yield run
    finally:
        remove_run(engine, run.id)
        guardian.forget_containers(run.id)


def remove_run(engine: DockerClient, run_id: str) -> None:
    """Remove the containers and networks of a run, running or not."""
    label = f"{RUN_LABEL}={run_id}"
    with translated(f"remove what run {run_id} has started"):
        for container in engine.api.containers(all=True, filters={"label": label}):
            remove_container(engine, container["Id"])
        for network in engine.api.networks(filters={"label": label}):
            with contextlib.suppress(NotFound):
                engine.api.remove_network(network["Id"])


def remove_container(engine: DockerClient, container_id: str) -> None:
    """Kill a container and remove it with its anonymous volumes; it may be gone already."""
    try:
        engine.api.remove_container(container_id, force=True, v=True)
    except NotFound:
        return
    except APIError as exc:
        # Another process is removing it at this moment, which is just as good.
        if exc.status_code != requests.codes.conflict:
            raise


def remove_left_overs(engine: DockerClient) -> None:
    """Remove what this machine's dead runs have left."""
    with translated("remove what dead runs have left"):
        started = [
            *engine.api.containers(all=True, filters={"label": RUN_LABEL}),
            *engine.api.networks(filters={"label": RUN_LABEL}),
        ]
    for run_id in {labels[RUN_LABEL] for one in started if left_over(labels := one["Labels"])}:
        remove_run(engine, run_id)


def left_over(labels: Mapping[str, str]) -> bool:
    """Whether what carries the labels belongs to a run of this machine that is dead."""
    # Nobody here knows whether an owner on another machine that shares the engine still lives.
    if labels.get(_OWNER_HOST_LABEL) != platform.node():
        return False
    try:
        owner = psutil.Process(int(labels[_OWNER_PID_LABEL]))
        started = float(labels[_OWNER_STARTED_LABEL])
        return abs(owner.create_time() - started) > _CLOCK_TOLERANCE_SECONDS
    except psutil.NoSuchProcess:
        return True
    except (KeyError, ValueError, psutil.Error):
        return False


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """Walk the errors behind an error; requests and urllib3 pass theirs on as arguments."""
    pending: list[Any] = [exc]
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            pending += [one.__cause__, one.__context__, *one.args, getattr(one, "reason", None)]


def _reason(exc: BaseException) -> str:
    system_errors = [one for one in _causes(exc) if isinstance(one, OSError) and one.strerror]
    return str(system_errors[-1].strerror) if system_errors else str(exc).splitlines()[0]
