from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.containers import engine as containers
from harness.containers.engine import ImageMissingError, Run
from harness.containers.images import runtime_image
from harness.sandbox.limits import control_files
from harness.sandbox.limits.container_cgroup import ContainerCgroup
from harness.sandbox.limits.container_meter import ContainerMeters, ContainerNotRunningError
from harness.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

_PROJECT = Path(__file__).parents[3]
_MB = 2**20


@pytest.fixture
def run(engine: DockerClient) -> Iterator[Run]:
    """A run of this test's own."""
    with containers.started_run(engine) as run:
        yield run


def _start(engine: DockerClient, run: Run, *, memory_mb: int = 128) -> str:
    container = engine.containers.run(
        runtime_image("python3.13"),
        entrypoint=["sleep", "infinity"],
        detach=True,
        labels=run.labels,
        mem_limit=memory_mb * _MB,
        memswap_limit=memory_mb * _MB,
    )
    return str(container.id)


def _of_run(engine: DockerClient, run_id: str) -> int:
    found = engine.api.containers(all=True, filters={"label": f"{containers.RUN_LABEL}={run_id}"})
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
def test_a_machine_without_an_engine_is_told(tmp_path: Path) -> None:
    refusal = _refusal(tmp_path / "none.sock")

    assert "NoEngineError: no Docker engine answers (No such file or directory): start Docker" in refusal


@pytest.mark.integration
def test_an_engine_that_has_ended_is_told(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    assert "NoEngineError: no Docker engine answers (Connection refused)" in _refusal(path)


@pytest.mark.docker
def test_a_missing_image_is_told_with_the_command_that_brings_it(engine: DockerClient) -> None:
    with pytest.raises(ImageMissingError, match="run `docker pull thumbrig/none:1`"):
        containers.require_image(engine, "thumbrig/none:1")


@pytest.mark.docker
def test_what_a_run_has_started_is_gone_at_its_end_and_nothing_else(engine: DockerClient, run: Run) -> None:
    _start(engine, run)
    with containers.started_run(engine) as other:
        _start(engine, other)
        engine.networks.create(f"thumbrig-{other.id}", labels=other.labels)

    label = f"{containers.RUN_LABEL}={other.id}"
    assert _of_run(engine, other.id) == 0
    assert engine.api.networks(filters={"label": label}) == []
    assert _of_run(engine, run.id) == 1


_RIG = """
import sys, time
from harness import containers, guardian
from harness.containers.images import runtime_image

engine = containers.connect()
with containers.started_run(engine) as run:
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

    wait_for(_Removed(engine, run_id), timeout_seconds=20)


@pytest.mark.docker
def test_what_a_dead_run_has_left_is_removed_by_the_next(engine: DockerClient) -> None:
    run_id = _killed_rig("unguarded")
    assert _of_run(engine, run_id) == 1

    containers.remove_left_overs(engine)

    assert _of_run(engine, run_id) == 0


class _Removed:
    def __init__(self, engine: DockerClient, run_id: str) -> None:
        self._engine = engine
        self._run_id = run_id

    def check(self) -> bool | None:
        return None if _of_run(self._engine, self._run_id) else True

    def describe(self) -> str:
        return f"expected no container of run {self._run_id}, got {_of_run(self._engine, self._run_id)}"


@pytest.fixture(params=["here", "beside"])
def meters(
    request: pytest.FixtureRequest, engine: DockerClient, run: Run, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ContainerMeters]:
    """Meters where the control groups can be reached from here, and where they cannot."""
    if request.param == "beside":
        monkeypatch.setattr(control_files, "folder_of", lambda *_: None)
    meters = ContainerMeters(engine, run)
    yield meters
    meters.close()


@pytest.mark.docker
def test_each_measurement_of_a_container_is_its_own(
    engine: DockerClient, run: Run, meters: ContainerMeters
) -> None:
    container_id = _start(engine, run)
    meter = meters.open(container_id)
    container = engine.containers.get(container_id)

    meter.begin()
    container.exec_run(["python3", "-c", "x = b'x' * 60_000_000"])
    big = meter.end()
    meter.begin()
    small = meter.end()
    container.exec_run(["python3", "-c", "x = b'x' * 600_000_000"])
    killed = meter.end()
    meter.close()

    assert 60_000_000 < big.peak_bytes < 80_000_000
    assert big.cpu_seconds > 0
    assert small.peak_bytes < 5_000_000
    assert (killed.oom_killed, killed.peak_bytes) == (True, 128 * _MB)


@pytest.mark.docker
def test_a_container_that_ends_meanwhile_took_what_is_known_of_it(
    engine: DockerClient, run: Run, meters: ContainerMeters
) -> None:
    container_id = _start(engine, run)
    meter = meters.open(container_id)
    meter.begin()

    engine.api.kill(container_id)
    engine.api.wait(container_id)
    usage = meter.end()
    meter.close()

    assert not usage.oom_killed


@pytest.mark.docker
def test_a_container_that_has_ended_is_not_measured(
    engine: DockerClient, run: Run, meters: ContainerMeters
) -> None:
    container_id = _start(engine, run)
    engine.api.kill(container_id)
    engine.api.wait(container_id)

    with pytest.raises(ContainerNotRunningError, match="it has ended"):
        meters.open(container_id)


@pytest.mark.docker
def test_a_process_of_another_machine_is_not_taken_for_the_container_s(
    engine: DockerClient, run: Run
) -> None:
    container_id = _start(engine, run)

    with pytest.raises(OSError, match="in none that is mounted here"):
        ContainerCgroup(container_id, process_id=os.getpid(), limit_bytes=_MB)
