from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.wait import wait_for

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

    wait_for(_CleanedUp(sleeper, left), timeout_seconds=10)
    assert taken_back.exists()


class _CleanedUp:
    def __init__(self, sleeper: psutil.Process, folder: Path) -> None:
        self._sleeper = sleeper
        self._folder = folder

    def check(self) -> bool | None:
        return None if self._sleeper.is_running() or self._folder.exists() else True

    def describe(self) -> str:
        return f"expected no {self._sleeper} and no {self._folder}"
