from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.containers.engine import (
    RUN_LABEL,
    EngineRun,
    ImageMissingError,
    remove_left_overs,
    require_image,
    started_run,
)
from harness.containers.images import runtime_image
from harness.wait import wait_for

if TYPE_CHECKING:
    from docker import DockerClient

_PROJECT = Path(__file__).parents[3]


@pytest.fixture
def run(engine: DockerClient) -> Iterator[EngineRun]:
    """A run of this test's own."""
    with started_run(engine) as run:
        yield run


def _start(engine: DockerClient, run: EngineRun) -> str:
    container = engine.containers.run(
        runtime_image("python3.13"), entrypoint=["sleep", "infinity"], detach=True, labels=run.labels
    )
    return str(container.id)


def _of_run(engine: DockerClient, run_id: str) -> int:
    found = engine.api.containers(all=True, filters={"label": f"{RUN_LABEL}={run_id}"})
    return len(found)


def _refusal(socket_path: Path) -> str:
    # In a process of its own: the docker package leaves the socket open that it could not connect.
    command = [sys.executable, "-c", "from harness.containers.engine import connect; connect()"]
    environment = {**os.environ, "DOCKER_HOST": f"unix://{socket_path}"}
    done = subprocess.run(
        command, cwd=_PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.integration
def test_a_machine_without_an_engine_is_reported(tmp_path: Path) -> None:
    refusal = _refusal(tmp_path / "none.sock")

    assert "NoEngineError: no Docker engine answers (No such file or directory): start Docker" in refusal


@pytest.mark.integration
def test_an_engine_that_has_ended_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    assert "NoEngineError: no Docker engine answers (Connection refused)" in _refusal(path)


@pytest.mark.docker
def test_a_missing_image_is_reported_with_the_command_that_brings_it(engine: DockerClient) -> None:
    with pytest.raises(ImageMissingError, match="run `docker pull thumbrig/none:1`"):
        require_image(engine, "thumbrig/none:1")


@pytest.mark.docker
def test_what_a_run_has_started_is_gone_at_its_end_and_nothing_else(
    engine: DockerClient, run: EngineRun
) -> None:
    _start(engine, run)
    with started_run(engine) as other:
        _start(engine, other)
        engine.networks.create(f"thumbrig-{other.id}", labels=other.labels)

    label = f"{RUN_LABEL}={other.id}"
    assert _of_run(engine, other.id) == 0
    assert engine.api.networks(filters={"label": label}) == []
    assert _of_run(engine, run.id) == 1


_RIG = """
import sys, time
from harness import guardian
from harness.containers.engine import connect, started_run
from harness.containers.images import runtime_image

engine = connect()
with started_run(engine) as run:
    engine.containers.run(
        runtime_image("python3.13"), entrypoint=["sleep", "infinity"], detach=True, labels=run.labels
    )
    if sys.argv[1] == "unguarded":
        guardian.forget_containers(run.id)
    print(run.id, flush=True)
    time.sleep(60)
"""


def _killed_rig(guarded: str) -> str:
    command = [sys.executable, "-c", _RIG, guarded]
    with subprocess.Popen(command, cwd=_PROJECT, stdout=subprocess.PIPE, env=os.environ, text=True) as rig:
        assert rig.stdout is not None
        run_id = rig.stdout.readline().strip()
        rig.kill()
    return run_id


@pytest.mark.docker
def test_a_rig_that_is_killed_leaves_no_container(engine: DockerClient) -> None:
    run_id = _killed_rig("guarded")

    wait_for(
        lambda: True if _of_run(engine, run_id) == 0 else None,
        lambda: f"expected no container of run {run_id}, got {_of_run(engine, run_id)}",
        timeout_seconds=20,
    )


@pytest.mark.docker
def test_what_a_dead_run_has_left_is_removed_by_the_next(engine: DockerClient) -> None:
    run_id = _killed_rig("unguarded")
    assert _of_run(engine, run_id) == 1

    remove_left_overs(engine)

    assert _of_run(engine, run_id) == 0
