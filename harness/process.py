"""Runs commands: logs them, checks their exit codes, and ends them with everything they started."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness import guardian
from harness.errors import ThumbrigError

# A started command.
Process = subprocess.Popen[bytes]

_log = logging.getLogger(__name__)

_TAIL_LINES = 12


class CommandFailedError(ThumbrigError):
    """Raised when a command exits with a code other than 0, or cannot be started."""

    def __init__(self, command: Sequence[str], reason: str, output: str = "") -> None:
        tail = "\n".join(output.strip().splitlines()[-_TAIL_LINES:])
        super().__init__(f"{shlex.join(command)}: {reason}" + (f"\n{tail}" if tail else ""))


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> str:
    """Run a command to its end and return what it wrote, errors included."""
    _log.debug("run: %s", shlex.join(command))
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=env,
            timeout=timeout_seconds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as exc:
        raise CommandFailedError(command, f"cannot be started: {exc.strerror}") from exc
    except subprocess.TimeoutExpired as exc:
        raise CommandFailedError(command, f"not done after {timeout_seconds} s") from exc
    if done.returncode != 0:
        raise CommandFailedError(command, f"exit code {done.returncode}", done.stdout)
    return done.stdout


@contextlib.contextmanager
def running(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path | None = None,
    stop_seconds: float = 3.0,
) -> Iterator[Process]:
    """Keep a command running inside the block; afterwards it and all it started are gone.

    With `log` its output goes to that file, otherwise to the pipe `process.stdout`.
    """
    process = start(command, cwd=cwd, env=env, log=log)
    try:
        yield process
    finally:
        stop(process, stop_seconds=stop_seconds)
        if process.stdout:
            process.stdout.close()


def start(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path | None = None, fed: bool = False
) -> Process:
    """Start a command as the leader of a process group of its own, which `stop` ends whole.

    A command that is `fed` reads from the pipe `process.stdin`, any other finds nothing to read.
    """
    _log.debug("start: %s", shlex.join(command))
    with contextlib.ExitStack() as files:
        output = files.enter_context(log.open("ab")) if log else subprocess.PIPE
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            raise CommandFailedError(command, f"cannot be started: {exc.strerror}") from exc
    guardian.watch_group(process.pid)
    return process


def stop(process: Process, *, stop_seconds: float = 3.0) -> None:
    """Ask the group to end, kill what is left of it after `stop_seconds`, and reap its leader."""
    if process.poll() is None and stop_seconds > 0:
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(stop_seconds)
    # Also after a leader that ended by itself: its children may have outlived it.
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()
    guardian.forget_group(process.pid)


def _signal_group(group: int, number: signal.Signals) -> None:
    # macOS answers EPERM, not ESRCH, for a group whose last process is a zombie.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
