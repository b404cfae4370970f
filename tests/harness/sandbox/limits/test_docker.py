"""What only a container does; what it does like the other cages is in test_limiters.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import process
from harness.containers import engine as containers
from harness.containers.engine import RUN_LABEL, ImageMissingError
from harness.sandbox.function import OWN_RUNTIME
from harness.sandbox.limits.base import Limit, Room
from harness.sandbox.limits.container_cage import ContainerCage, Yard
from harness.sandbox.limits.container_meter import ContainerMeters
from harness.sandbox.limits.docker import Docker
from harness.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

_PROJECT = Path(__file__).parents[4]
_LIMIT = Limit(memory_bytes=64 * 2**20)


@pytest.fixture
def yard(engine: DockerClient) -> Iterator[Yard]:
    """What the containers of a test have in common."""
    with containers.started_run(engine) as run:
        yield Yard(engine=engine, run=run, meters=ContainerMeters(engine, run), on_this_kernel=True)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A package of one file, and a folder to write in."""
    for name in ("task", "temporary"):
        (tmp_path / name).mkdir()
    (tmp_path / "task" / "index.py").write_text("")
    return Room(runtime=OWN_RUNTIME, task_root=tmp_path / "task", temporary=tmp_path / "temporary")


def _output(cage: ContainerCage, room: Room, script: str, **env: str) -> tuple[str, int]:
    with cage.start(["/bin/sh", "-c", script], cwd=room.task_root, env=env) as started:
        assert started.stdout is not None
        output = started.stdout.read().decode()
        started.wait(30)
        process.stop(started)
    cage.close()
    return output, started.returncode


def test_a_machine_without_the_docker_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert Docker().unavailable() == (
        "the Docker engine needs its command `docker`, which is not on PATH: install it"
    )


@pytest.mark.docker
def test_a_missing_runtime_image_is_told_and_not_pulled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_RUNTIME_IMAGE_MAPPING", '{"python3.13": "none:1", "nodejs20.x": "none:2"}')
    docker = Docker()

    reason = docker.unavailable()

    assert reason is not None
    assert reason.endswith("has no image none:1: run `docker pull none:1`")
    with pytest.raises(ImageMissingError, match="docker pull none:2"):
        docker.platform("nodejs20.x")


@pytest.mark.docker
def test_packages_are_built_for_lambda_s_own_runtime() -> None:
    platform = Docker().platform("python3.13")

    assert (platform.runtime, platform.system, platform.wheel_tag) == (
        "python3.13",
        "linux",
        "manylinux_2_34",
    )


@pytest.mark.docker
def test_variables_arrive_as_they_are(yard: Yard, room: Room) -> None:
    value = "two\nlines, $dollars `ticks` 'quotes' \"and\" \\ back"

    output, code = _output(ContainerCage(yard, _LIMIT, room), room, 'printf %s "$GIVEN"', GIVEN=value)

    assert (output, code) == (value, 0)


@pytest.mark.docker
def test_only_its_own_folder_can_be_written(yard: Yard, room: Room) -> None:
    script = "touch /var/task/x; touch /var/lang /x; touch /tmp/kept"

    output, _ = _output(ContainerCage(yard, _LIMIT, room), room, script)

    assert "'/var/task/x': Read-only file system" in output
    assert "'/x': Read-only file system" in output
    assert (room.temporary / "kept").owner() == room.temporary.owner()


@pytest.mark.docker
@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param("exit 3", 3, id="exit"),
        pytest.param("kill -9 $$", -signal.SIGKILL, id="killed"),
        pytest.param("kill -11 $$", -signal.SIGSEGV, id="segmentation-fault"),
    ],
)
def test_it_ends_as_its_process_ended(yard: Yard, room: Room, script: str, code: int) -> None:
    assert _output(ContainerCage(yard, _LIMIT, room), room, script) == ("", code)


@pytest.mark.docker
def test_a_virtual_machine_s_container_is_sent_to_this_machine_s_address(
    engine: DockerClient, yard: Yard, room: Room
) -> None:
    elsewhere = Yard(engine=engine, run=yard.run, meters=yard.meters, on_this_kernel=False)
    cage = ContainerCage(elsewhere, _LIMIT, room)

    output, _ = _output(
        cage,
        room,
        'echo "$API $URL $OTHER"',
        API="127.0.0.1:9001",
        URL="http://localhost:4566/x",
        OTHER="10.127.0.0.1:80",
    )

    gateway = output.partition(":")[0]
    subnet = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]["Subnet"]
    assert ip_address(gateway) in ip_network(subnet)
    assert output == f"{gateway}:9001 http://{gateway}:4566/x 10.127.0.0.1:80\n"


@pytest.mark.docker
def test_a_container_that_was_never_used_is_removed(yard: Yard, room: Room) -> None:
    cage = ContainerCage(yard, _LIMIT, room)

    cage.close()

    assert _ids(yard.engine, yard.run.id) == []


@pytest.mark.docker
def test_a_container_in_which_nothing_can_be_started_is_told(
    yard: Yard, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///none.sock")

    with pytest.raises(containers.EngineFailedError, match="start a shell in a container"):
        ContainerCage(yard, _LIMIT, room)

    assert _ids(yard.engine, yard.run.id) == []


_RIG = """
import sys, time
from pathlib import Path
from harness.sandbox.limits.base import Limit, Room
from harness.sandbox.limits.docker import Docker

folder = Path(sys.argv[1])
room = Room(runtime="python3.13", task_root=folder, temporary=folder)
docker = Docker()
cage = docker.create(Limit(memory_bytes=64 * 2**20), room)
cage.start(["sleep", "60"], cwd=folder, env={})
print(docker._engine.yard.run.id, flush=True)
time.sleep(60)
"""


@pytest.mark.docker
def test_a_rig_that_is_killed_leaves_no_function_s_container(engine: DockerClient, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _RIG, str(tmp_path)]
    with subprocess.Popen(command, cwd=_PROJECT, stdout=subprocess.PIPE, env=os.environ, text=True) as rig:
        assert rig.stdout is not None
        run_id = rig.stdout.readline().strip()
        assert len(_ids(engine, run_id)) == 1
        rig.kill()

    wait_for(_Gone(engine, run_id), timeout_seconds=30)


def _ids(engine: DockerClient, run_id: str) -> list[str]:
    found = engine.api.containers(all=True, filters={"label": f"{RUN_LABEL}={run_id}"})
    return [container["Id"] for container in found]


class _Gone:
    def __init__(self, engine: DockerClient, run_id: str) -> None:
        self._engine = engine
        self._run_id = run_id

    def check(self) -> bool | None:
        return None if _ids(self._engine, self._run_id) else True

    def describe(self) -> str:
        return f"expected no container of run {self._run_id}, got {_ids(self._engine, self._run_id)}"
