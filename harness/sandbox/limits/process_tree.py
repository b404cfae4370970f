"""A process and what it started, looked at from outside."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from harness.sandbox.limits.process_status import status_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK_INTERVAL_SECONDS = 0.1


class ProcessTree:
    """The runtime process and what it started, as far as it has been seen."""

    def __init__(self) -> None:
        self._root = 0
        self.members: list[psutil.Process] = []
        self._children_due_seconds = 0.0
        self._cpu_seconds = 0.0
        self._lock = threading.Lock()

    def plant(self, root: int) -> None:
        """Say which process it begins with."""
        self._root = root
        with contextlib.suppress(psutil.NoSuchProcess):
            self.members = [psutil.Process(root)]

    def resident_bytes(self) -> dict[psutil.Process, int]:
        """Read the memory of each member; look for new ones now and then."""
        if time.monotonic() >= self._children_due_seconds:
            self.refresh()
        sizes: dict[psutil.Process, int] = {}
        for member in self.members:
            with contextlib.suppress(psutil.Error):
                sizes[member] = member.memory_info().rss
        return sizes

    def cpu_seconds(self) -> float:
        """Read the CPU time of all members and of the children that they have waited for."""
        # A process that has ended cannot be asked any more: then what was seen last counts.
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
        self._children_due_seconds = time.monotonic() + _LOOK_INTERVAL_SECONDS

    def reset_high_water(self) -> None:
        """Let the peak of the first process begin anew, where there is such a thing (Linux)."""
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
