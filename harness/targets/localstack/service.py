"""A LocalStack of the run's own: up by compose on a free port, gone with the run."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Final

import click
from docker.errors import APIError, ImageNotFound

from harness.containers import engine as containers
from harness.targets.localstack import compose, health, labels
from harness.targets.localstack.errors import (
    ImageNotPulledError,
    LocalStackFailedError,
    RepairsMissingError,
    TokenRequiredError,
)
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

    from harness.containers.engine import EngineRun
    from harness.sandbox.limits.base import Cpu

DEFAULT_IMAGE: Final = "localstack/localstack:4.14.0"

_START_TIMEOUT_SECONDS: Final = 180.0
# What LocalStack ends with when its licence cannot be activated.
_TOKEN_EXIT_CODE: Final = 55


@contextlib.contextmanager
def started_localstack(
    engine: DockerClient, run: EngineRun, *, folder: Path, port: int, cpu: Cpu
) -> Iterator[str]:
    """Start LocalStack inside the block and give its URL; its container is killed at the end.

    What is left of the run after that, functions' containers and the network, carries the run's labels.
    """
    image = os.environ.get("LOCALSTACK_IMAGE") or DEFAULT_IMAGE
    _ensure_image(engine, image)
    project = compose.Project(
        name=f"thumbrig-{run.id}",
        port=port,
        files=(compose.FILE, _own_settings(folder, run)),
        variables={"LOCALSTACK_IMAGE": image, "THUMBRIG_CPU": cpu},
    )
    project.up()
    container_id = compose.container_of(engine, project.name)
    try:
        endpoint_url = f"http://127.0.0.1:{port}"
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
        "environment": {labels.VARIABLE: json.dumps(run.labels)},
        # The rig asks LocalStack itself; each look of Docker's starts a Python. docker-compose 1.29 takes no
        # "disable" beside the settings of the other file.
        "healthcheck": {"interval": "1h"},
    }
    networks = {"default": {"labels": run.labels}}
    path.write_text(json.dumps({"services": {compose.SERVICE: service}, "networks": networks}))
    return path


def _wait_until_ready(engine: DockerClient, container_id: str, endpoint_url: str, image: str) -> None:
    condition = health.Started(engine, container_id, endpoint_url)
    try:
        wait_for(condition, timeout_seconds=_START_TIMEOUT_SECONDS, backoff=Backoff(most_seconds=0.1))
    except TimedOutError as exc:
        raise LocalStackFailedError(str(exc), health.log_tail(engine, container_id)) from exc
    code = health.exit_code(engine, container_id)
    if code == _TOKEN_EXIT_CODE:
        raise TokenRequiredError(image, given=bool(os.environ.get("LOCALSTACK_AUTH_TOKEN")))
    if code is not None:
        reason = f"it ended with exit code {code}"
        raise LocalStackFailedError(reason, health.log_tail(engine, container_id))
    status = health.read_status(endpoint_url)
    if not status.repaired:
        tail = health.log_tail(engine, container_id)
        raise RepairsMissingError(endpoint_url, status.script_description, tail)
