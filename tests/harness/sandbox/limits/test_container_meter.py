"""Containers measured by their own control groups, from here and from a container beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.containers.engine import EngineRun, started_run
from harness.containers.images import runtime_image
from harness.sandbox.limits import control_files
from harness.sandbox.limits.container_cgroup import (
    NoAccountingError,
    folders_below,
    folders_by_process,
    open_meter,
)
from harness.sandbox.limits.container_meter import ContainerMeters, ContainerNotRunningError
from harness.sandbox.limits.meter_server import MeterServer

if TYPE_CHECKING:
    from docker import DockerClient

_MB = 2**20
_ID = "0123456789abcdef"


def test_a_container_is_found_by_its_name_wherever_the_engine_keeps_it(tmp_path: Path) -> None:
    folder = tmp_path / "system.slice" / f"docker-{_ID}.scope"
    (folder / "init" / _ID).mkdir(parents=True)
    (tmp_path / "cgroup.controllers").touch()

    assert folders_below(_ID, tmp_path) == {None: folder}


def test_a_container_has_a_folder_in_each_hierarchy_of_version_1(tmp_path: Path) -> None:
    for controller in ("memory", "cpuacct"):
        (tmp_path / controller / "docker" / _ID).mkdir(parents=True)

    assert folders_below(_ID, tmp_path) == {
        controller: tmp_path / controller / "docker" / _ID for controller in ("memory", "cpuacct")
    }


def test_a_container_whose_accounting_is_not_mounted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()

    with pytest.raises(NoAccountingError, match="container 0123456789ab uses cannot be measured"):
        folders_below(_ID, tmp_path)


def test_the_server_answers_what_it_cannot_do() -> None:
    server = MeterServer()

    opened = server.serve({"verb": "open", "container": _ID, "process_id": os.getpid(), "limit_bytes": 1})
    ended = server.serve({"verb": "end", "container": _ID})

    assert opened == {"error": "its process is in none that is mounted here"}
    assert ended == {"error": f"'{_ID}'"}


@pytest.fixture
def run(engine: DockerClient) -> Iterator[EngineRun]:
    """A run of this test's own."""
    with started_run(engine) as run:
        yield run


def _start(engine: DockerClient, run: EngineRun) -> str:
    container = engine.containers.run(
        runtime_image("python3.13"),
        entrypoint=["sleep", "infinity"],
        detach=True,
        labels=run.labels,
        mem_limit=128 * _MB,
        memswap_limit=128 * _MB,
    )
    return str(container.id)


@pytest.fixture(params=["here", "beside"])
def meters(
    request: pytest.FixtureRequest, engine: DockerClient, run: EngineRun, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ContainerMeters]:
    """Meters where the control groups can be reached from here, and where they cannot."""
    if request.param == "beside":
        monkeypatch.setattr(control_files, "folder_of", lambda *_: None)
    meters = ContainerMeters(engine, run)
    yield meters
    meters.close()


@pytest.mark.docker
def test_each_measurement_of_a_container_is_its_own(
    engine: DockerClient, run: EngineRun, meters: ContainerMeters
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
    engine: DockerClient, run: EngineRun, meters: ContainerMeters
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
    engine: DockerClient, run: EngineRun, meters: ContainerMeters
) -> None:
    container_id = _start(engine, run)
    engine.api.kill(container_id)
    engine.api.wait(container_id)

    with pytest.raises(ContainerNotRunningError, match="it has ended"):
        meters.open(container_id)


@pytest.mark.docker
def test_a_process_of_another_machine_is_not_taken_for_the_container_s(
    engine: DockerClient, run: EngineRun
) -> None:
    container_id = _start(engine, run)

    with pytest.raises(OSError, match="in none that is mounted here"):
        open_meter(folders_by_process(container_id, os.getpid()), limit_bytes=_MB)
