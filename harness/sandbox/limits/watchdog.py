"""Limits by watching, where the kernel does not limit for us: on macOS, on Linux without privileges."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from harness import process
from harness.sandbox.limits.base import Usage
from harness.sandbox.limits.meter import Sampler, status_bytes
from harness.sandbox.runtimes import OnThisMachine

if TYPE_CHECKING:
    from harness.process import Process
    from harness.sandbox.limits.base import HeldProcesses, Limit, Mounts

_INTERVAL_SECONDS = 0.005
_CHILDREN_INTERVAL_SECONDS = 0.1


class Watchdog(OnThisMachine):
    """Looks at the processes every few milliseconds."""

    name = "watchdog"
    description = (
        "watchdog, softer than a limit of the kernel: looks at the resident memory every 5 ms and kills the "
        "biggest process, swap not off, CPU not shaped, its time in steps of 10 ms"
    )
    shapes_cpu = False

    def unavailable(self) -> str | None:
        """Nothing is needed but psutil."""
        return None

    def create(self, limit: Limit, _mounts: Mounts) -> HeldProcesses:
        """Get ready to watch."""
        return _WatchedProcesses(limit)


class _WatchedProcesses:
    """Adds up the resident memory of the tree.

    Resident memory (RSS) counts a page that two processes share twice, and a library's pages too. What would
    leave them out (USS) takes milliseconds a look, in which a function can grow past the limit, and on macOS
    it takes root.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._tree = _ProcessTree()
        self._oom_killed = False
        self._cpu_before_seconds = 0.0
        self._sampler = Sampler(self._look, interval_seconds=_INTERVAL_SECONDS)

    def start(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Process:
        """Start the command and begin to watch it."""
        started = process.start(command, cwd=cwd, env=env)
        self._tree.grow_from(started.pid)
        self._sampler.begin()
        return started

    def begin(self) -> None:
        """Watch, and note the CPU time so far."""
        self._oom_killed = False
        self._cpu_before_seconds = self._tree.cpu_seconds()
        self._tree.reset_high_water()
        self._sampler.begin()

    def end(self) -> Usage:
        """Rest until the next invocation."""
        # Between two looks a peak can come and go; of the runtime process itself Linux keeps it.
        peak_bytes = max(self._sampler.end(), self._tree.high_water_bytes())
        # While the parent of a child still lives: an orphan looks like anybody else's process.
        self._tree.refresh()
        return Usage(
            peak_bytes=self._limit.memory_bytes if self._oom_killed else peak_bytes,
            cpu_seconds=max(0.0, self._tree.cpu_seconds() - self._cpu_before_seconds),
            oom_killed=self._oom_killed,
        )

    def throttle(self) -> None:
        """Do nothing: stopping and continuing a process from here would give jerks, not a share."""

    def close(self) -> None:
        """Stop watching, and kill what has left the process group."""
        self._sampler.close()
        self._tree.refresh()
        for member in self._tree.members:
            _kill(member)

    def _look(self) -> int:
        sizes = self._tree.resident_bytes()
        total_bytes = sum(sizes.values())
        if total_bytes > self._limit.memory_bytes:
            self._oom_killed = True
            _kill(max(sizes, key=sizes.__getitem__))
        return total_bytes


def _kill(member: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        member.kill()


class _ProcessTree:
    """The runtime process and what it started, as far as it has been seen."""

    def __init__(self) -> None:
        self._root = 0
        self.members: list[psutil.Process] = []
        self._children_due_seconds = 0.0
        self._cpu_seconds = 0.0
        self._lock = threading.Lock()

    def grow_from(self, root: int) -> None:
        self._root = root
        with contextlib.suppress(psutil.NoSuchProcess):
            self.members = [psutil.Process(root)]

    def resident_bytes(self) -> dict[psutil.Process, int]:
        if time.monotonic() >= self._children_due_seconds:
            self.refresh()
        sizes: dict[psutil.Process, int] = {}
        for member in self.members:
            with contextlib.suppress(psutil.Error):
                sizes[member] = member.memory_info().rss
        return sizes

    def cpu_seconds(self) -> float:
        """Read the CPU time of all members, and of the children that they have waited for."""
        # A process that has ended cannot be asked any more; then what was seen last counts.
        with self._lock, contextlib.suppress(psutil.Error):
            self._cpu_seconds = max(self._cpu_seconds, sum(map(_cpu_seconds, self._alive())))
        return self._cpu_seconds

    def refresh(self) -> None:
        """Look for new children, also of children whose parent has ended."""
        found = dict.fromkeys(self._alive())
        for member in list(found):
            with contextlib.suppress(psutil.Error, OSError):
                found.update(dict.fromkeys(_descendants(member)))
        self.members = list(found)
        self.cpu_seconds()
        self._children_due_seconds = time.monotonic() + _CHILDREN_INTERVAL_SECONDS

    def reset_high_water(self) -> None:
        """Restart the peak of the first process, where there is such a thing (Linux)."""
        # https://docs.kernel.org/filesystems/proc.html: 5 in clear_refs resets the peak resident memory.
        with contextlib.suppress(OSError):
            Path(f"/proc/{self._root}/clear_refs").write_text("5")

    def high_water_bytes(self) -> int:
        """Read the peak of the first process, 0 where there is none."""
        return status_bytes(self._root, "VmHWM")

    def _alive(self) -> list[psutil.Process]:
        return [member for member in self.members if member.is_running()]


def _cpu_seconds(member: psutil.Process) -> float:
    times = member.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def _descendants(member: psutil.Process) -> Iterator[psutil.Process]:
    # psutil looks at every process of the machine, which takes milliseconds; most Linux kernels keep a list.
    if not Path(f"/proc/{member.pid}/task/{member.pid}/children").exists():
        yield from member.children(recursive=True)
        return
    for children in Path(f"/proc/{member.pid}/task").glob("*/children"):
        for number in map(int, children.read_text().split()):
            child = psutil.Process(number)
            yield child
            yield from _descendants(child)
