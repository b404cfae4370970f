from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness import guardian
from harness.sandbox.limits.cgroup import CgroupV1
from harness.sandbox.limits.control_files import own_folder
from harness.wait import wait_for

pytestmark = pytest.mark.integration

_PROJECT = Path(__file__).parents[2]

_RIG = """
import os, sys, time
from pathlib import Path
from harness import guardian, process

left, taken_back = Path(sys.argv[1]), Path(sys.argv[2])
for folder in (left, taken_back):
    folder.mkdir()
    guardian.watch_folder(folder)
guardian.forget_folder(taken_back)
sleeper = process.start([sys.executable, "-c", "import time; time.sleep(60)"], cwd=left, env=os.environ)
print(sleeper.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_rig_that_is_killed_leaves_no_process_and_no_folder(tmp_path: Path, number: signal.Signals) -> None:
    left, taken_back = tmp_path / "left", tmp_path / "taken-back"
    command = [sys.executable, "-c", _RIG, str(left), str(taken_back)]
    with subprocess.Popen(command, cwd=_PROJECT, stdout=subprocess.PIPE, env=os.environ) as rig:
        assert rig.stdout is not None
        sleeper = psutil.Process(int(rig.stdout.readline()))
        rig.send_signal(number)

    _wait_until_cleaned_up(sleeper, left)
    assert taken_back.exists()


_HELD_RIG = """
import os, sys, time
from pathlib import Path
from harness.sandbox.limits.base import Limit, Mounts
from harness.sandbox.limits.cgroup import CgroupV1

mounts = Mounts(runtime="python3.13", task_root=Path(), temporary=Path())
held = CgroupV1().create(Limit(memory_bytes=64 * 2**20), mounts)
command = ["/bin/sh", "-c", "setsid sleep 60 & wait"]
held.start(command, cwd=Path(sys.argv[1]), env={"PATH": "/usr/local/bin:/usr/bin:/bin"})
print(os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(CgroupV1().unavailable() is not None, reason=f"cgroup v1: {CgroupV1().unavailable()}")
def test_a_rig_that_is_killed_leaves_no_cgroup_and_nobody_in_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HELD_RIG, str(tmp_path)]
    with subprocess.Popen(command, cwd=_PROJECT, stdout=subprocess.PIPE, env=os.environ) as rig:
        assert rig.stdout is not None
        rig.stdout.readline()
        memory = own_folder("memory")
        assert memory is not None
        cgroup = memory / f"thumbrig-{rig.pid}-1"
        wait_for(
            lambda: len(_members(cgroup)) >= 2 or None,
            lambda: f"expected 2 processes in {cgroup}, got {_members(cgroup)}",
            timeout_seconds=10,
        )
        sleeper = psutil.Process(max(_members(cgroup)))
        rig.kill()

    _wait_until_cleaned_up(sleeper, cgroup)


def test_a_process_of_another_namespace_is_not_taken_for_our_own_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cgroup.procs").write_text("0\n4194304\n")
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda number, _: killed.append(number))
    monkeypatch.setattr(guardian, "_CGROUP_LOOKS", 1)

    gone = guardian.remove_cgroup(tmp_path)

    assert not gone
    assert killed == [4194304]


def _members(cgroup: Path) -> list[int]:
    return [int(number) for number in (cgroup / "cgroup.procs").read_text().split()]


def _wait_until_cleaned_up(sleeper: psutil.Process, folder: Path) -> None:
    wait_for(
        lambda: None if sleeper.is_running() or folder.exists() else True,
        f"expected no {sleeper} and no {folder}",
        timeout_seconds=10,
    )
