"""Ends what the rig started when the rig itself is gone, even by SIGKILL.

It is a process of its own because after `kill -9` no code of the rig runs, psutil included. PR_SET_PDEATHSIG
would reach the rig's direct children alone, on Linux alone, and when the thread that started them ends; it
removes no cgroup, folder or container.

The rig holds the writing end of a pipe; this process reads it. While the rig lives, it names process groups,
cgroups, folders and its runs in a Docker engine on the pipe. When the pipe closes, the rig has ended, and
what is still named is ended or removed.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

# Groups before the rest: a live process keeps its cgroup, and could write into its folder again.
_ORDER = ("group", "containers", "cgroup", "folder")
_CGROUP_LOOKS = 200
_CGROUP_PAUSE_SECONDS = 0.01
_LET_GO_SECONDS = 1.0

_lock = threading.Lock()
_guardian: subprocess.Popen[str] | None = None


def watch_group(group: int) -> None:
    """Have a process group killed if the rig ends without stopping it."""
    _send(f"+group {group}")


def forget_group(group: int) -> None:
    """Take back `watch_group`: the group was stopped in the ordinary way."""
    _send(f"-group {group}")


def watch_folder(folder: Path) -> None:
    """Have a folder removed if the rig ends without removing it."""
    _send(f"+folder {folder}")


def forget_folder(folder: Path) -> None:
    """Take back `watch_folder`: the folder was removed in the ordinary way."""
    _send(f"-folder {folder}")


def watch_cgroup(folder: Path) -> None:
    """Have a cgroup's processes killed and its folder removed if the rig ends without doing so."""
    _send(f"+cgroup {folder}")


def forget_cgroup(folder: Path) -> None:
    """Take back `watch_cgroup`: the cgroup was removed in the ordinary way."""
    _send(f"-cgroup {folder}")


def watch_containers(run_id: str) -> None:
    """Have the containers and networks with a run's label removed if the rig ends without doing so."""
    _send(f"+containers {run_id}")


def forget_containers(run_id: str) -> None:
    """Take back `watch_containers`: they were removed in the ordinary way."""
    _send(f"-containers {run_id}")


def remove_cgroup(folder: Path) -> bool:
    """Kill what is in a cgroup and remove it; return whether it is gone.

    Only rmdir removes a cgroup (its files are the kernel's), and only once its last process is dead, which is
    a moment after the signal.
    """
    for _ in range(_CGROUP_LOOKS):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            _kill_all(folder / "cgroup.procs")
            # harness.wait cannot be imported here: the guardian runs as a file, isolated from the project.
            time.sleep(_CGROUP_PAUSE_SECONDS)
        else:
            return True
    return False


def _kill_all(list_of_processes: Path) -> None:
    with contextlib.suppress(OSError):
        for number in map(int, list_of_processes.read_text().split()):
            # A process of another PID namespace is listed as 0, which os.kill takes for our own group.
            if number > 0:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(number, signal.SIGKILL)


def _send(line: str) -> None:
    with _lock:
        pipe = _started().stdin
        if pipe is None:
            raise RuntimeError(line)
        # A guardian that was killed from outside must not stop the rig.
        with contextlib.suppress(BrokenPipeError):
            pipe.write(line + "\n")
            pipe.flush()


def _started() -> subprocess.Popen[str]:
    global _guardian  # noqa: PLW0603  one for the life of the rig
    if _guardian is None:
        _guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            # Out of reach of the terminal's Ctrl-C, which goes to the rig's own group.
            start_new_session=True,
        )
        atexit.register(_let_go, _guardian)
    return _guardian


def _let_go(guardian: subprocess.Popen[str]) -> None:
    # It ends with the pipe. Python warns of a child that is still there when it ends itself.
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        guardian.communicate(timeout=_LET_GO_SECONDS)


def _end(kind: str, name: str) -> None:
    if kind == "group":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(int(name), signal.SIGKILL)
    elif kind == "containers":
        _remove_containers(f"label=thumbrig.run={name}")
    elif kind == "cgroup":
        remove_cgroup(Path(name))
    else:
        shutil.rmtree(name, ignore_errors=True)


def _remove_containers(label: str) -> None:
    # By the docker command: the docker package is out of reach here, as every installed package is.
    for listing, removal in (
        (["docker", "ps", "--all", "--quiet"], ["docker", "rm", "--force", "--volumes"]),
        (["docker", "network", "ls", "--quiet"], ["docker", "network", "rm"]),
    ):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            command = [*listing, "--filter", label]
            found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            if ids := found.stdout.split():
                subprocess.run([*removal, *ids], capture_output=True, timeout=60, check=False)


def main() -> None:
    """Keep the list until the pipe closes, then end all that is on it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched: dict[tuple[str, str], None] = {}
    for line in sys.stdin:
        verb, name = line.rstrip("\n").split(" ", 1)
        key = (verb[1:], name)
        if verb.startswith("+"):
            watched[key] = None
        else:
            watched.pop(key, None)
    for kind, name in sorted(watched, key=lambda entry: _ORDER.index(entry[0])):
        _end(kind, name)


if __name__ == "__main__":
    main()
