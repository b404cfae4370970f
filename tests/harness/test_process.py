from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from harness import process
from harness.wait import wait_for

pytestmark = pytest.mark.integration

_SLEEP = "import time; time.sleep(60)"
_PARENT_OF_ONE = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {_SLEEP!r}])
print(child.pid, flush=True)
child.wait()
"""
_DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {_SLEEP}"


def test_run_returns_the_output() -> None:
    assert process.run([sys.executable, "-c", "print('hello')"]) == "hello\n"


def test_run_reports_the_exit_code_and_the_last_lines() -> None:
    with pytest.raises(process.CommandFailedError, match=r"exit code 3\nlast words"):
        process.run([sys.executable, "-c", "import sys; print('last words'); sys.exit(3)"])


def test_run_reports_that_a_command_does_not_exist() -> None:
    with pytest.raises(process.CommandFailedError, match="no-such-command: cannot be started"):
        process.run(["no-such-command"])


def test_run_gives_up_on_a_command_that_takes_too_long() -> None:
    with pytest.raises(process.CommandFailedError, match=r"not done after 0\.1 s"):
        process.run([sys.executable, "-c", _SLEEP], timeout_seconds=0.1)


def test_what_ran_in_the_block_is_gone_after_it_with_its_children(tmp_path: Path) -> None:
    with process.running([sys.executable, "-c", _PARENT_OF_ONE], cwd=tmp_path, env=os.environ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))

    wait_for(lambda: _gone(child) or None, f"expected {child} to be gone", timeout_seconds=5)
    assert parent.returncode is not None


def test_a_command_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _DEAF]

    with process.running(command, cwd=tmp_path, env=os.environ, stop_seconds=0.1) as deaf:
        assert deaf.stdout is not None
        deaf.stdout.readline()

    assert deaf.returncode == -9


def test_the_output_goes_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"

    with process.running([sys.executable, "-c", "print('hello')"], cwd=tmp_path, env={}, log=log) as command:
        command.wait()

    assert log.read_text() == "hello\n"


def _gone(watched: psutil.Process) -> bool:
    return not watched.is_running() or watched.status() == psutil.STATUS_ZOMBIE
