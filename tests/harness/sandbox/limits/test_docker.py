"""What only a container does; what it has in common with the other limiters is in test_limiters.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import process
from harness.containers.engine import RUN_LABEL, EngineFailedError, ImageMissingError, started_run
from harness.sandbox.function import OWN_RUNTIME
from harness.sandbox.limits.base import Limit, Mounts
from harness.sandbox.limits.container_meter import ContainerMeters
from harness.sandbox.limits.docker import ContainerProcesses, Docker, DockerSession
from harness.wait import wait_for

if TYPE_CHECKING:
    from docker import DockerClient

_PROJECT = Path(__file__).parents[4]
_LIMIT = Limit(memory_bytes=64 * 2**20)


@pytest.fixture
def session(engine: DockerClient) -> Iterator[DockerSession]:
    """What the containers of a test have in common."""
    with started_run(engine) as run:
        yield DockerSession(
            engine=engine, run=run, meters=ContainerMeters(engine, run), info={}, on_this_kernel=True
        )


@pytest.fixture
def mounts(tmp_path: Path) -> Mounts:
    """A package of one file, and a folder to write in."""
    for name in ("task", "temporary"):
        (tmp_path / name).mkdir()
    (tmp_path / "task" / "index.py").write_text("")
    return Mounts(runtime=OWN_RUNTIME, task_root=tmp_path / "task", temporary=tmp_path / "temporary")


def _output(held: ContainerProcesses, mounts: Mounts, script: str, **env: str) -> tuple[str, int]:
    with held.start(["/bin/sh", "-c", script], cwd=mounts.task_root, env=env) as started:
        assert started.stdout is not None
        output = started.stdout.read().decode()
        started.wait(30)
        process.stop(started)
    held.close()
    return output, started.returncode


def test_a_machine_without_the_docker_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert Docker().unavailable() == (
        "the Docker engine needs its command `docker`, which is not on PATH: install it"
    )


@pytest.mark.docker
def test_a_missing_runtime_image_is_reported_and_not_pulled(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_variables_arrive_as_they_are(session: DockerSession, mounts: Mounts) -> None:
    value = "two\nlines, $dollars `ticks` 'quotes' \"and\" \\ back"

    output, code = _output(
        ContainerProcesses(session, _LIMIT, mounts), mounts, 'printf %s "$GIVEN"', GIVEN=value
    )

    assert (output, code) == (value, 0)


@pytest.mark.docker
def test_only_its_own_folder_can_be_written(session: DockerSession, mounts: Mounts) -> None:
    script = "touch /var/task/x; touch /var/lang /x; touch /tmp/kept"

    output, _ = _output(ContainerProcesses(session, _LIMIT, mounts), mounts, script)

    assert "'/var/task/x': Read-only file system" in output
    assert "'/x': Read-only file system" in output
    assert (mounts.temporary / "kept").owner() == mounts.temporary.owner()


@pytest.mark.docker
@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param("exit 3", 3, id="exit"),
        pytest.param("kill -9 $$", -signal.SIGKILL, id="killed"),
        pytest.param("kill -11 $$", -signal.SIGSEGV, id="segmentation-fault"),
    ],
)
def test_it_ends_as_its_process_ended(session: DockerSession, mounts: Mounts, script: str, code: int) -> None:
    assert _output(ContainerProcesses(session, _LIMIT, mounts), mounts, script) == ("", code)


@pytest.mark.docker
def test_a_virtual_machine_s_container_is_sent_to_this_machine_s_address(
    engine: DockerClient, session: DockerSession, mounts: Mounts
) -> None:
    elsewhere = replace(session, on_this_kernel=False)
    held = ContainerProcesses(elsewhere, _LIMIT, mounts)

    output, _ = _output(
        held,
        mounts,
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
def test_a_container_that_was_never_used_is_removed(session: DockerSession, mounts: Mounts) -> None:
    held = ContainerProcesses(session, _LIMIT, mounts)

    held.close()

    assert _ids(session.engine, session.run.id) == []


@pytest.mark.docker
def test_a_container_in_which_nothing_can_be_started_is_reported(
    session: DockerSession, mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///none.sock")

    with pytest.raises(EngineFailedError, match="start a shell in a container"):
        ContainerProcesses(session, _LIMIT, mounts)

    assert _ids(session.engine, session.run.id) == []


_RIG = """
import sys, time
from pathlib import Path
from harness.sandbox.limits.base import Limit, Mounts
from harness.sandbox.limits.docker import Docker

folder = Path(sys.argv[1])
mounts = Mounts(runtime="python3.13", task_root=folder, temporary=folder)
docker = Docker()
held = docker.create(Limit(memory_bytes=64 * 2**20), mounts)
held.start(["sleep", "60"], cwd=folder, env={})
print(docker._session.run.id, flush=True)
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

    wait_for(
        lambda: None if _ids(engine, run_id) else True,
        lambda: f"expected no container of run {run_id}, got {_ids(engine, run_id)}",
        timeout_seconds=30,
    )


def _ids(engine: DockerClient, run_id: str) -> list[str]:
    found = engine.api.containers(all=True, filters={"label": f"{RUN_LABEL}={run_id}"})
    return [container["Id"] for container in found]
