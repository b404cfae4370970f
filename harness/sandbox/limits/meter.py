"""Turns the numbers that the kernel keeps of a cgroup into what one invocation took."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from harness.sandbox.limits.base import Usage
from harness.sandbox.limits.process_status import status_bytes

if TYPE_CHECKING:
    from harness.sandbox.limits.control_files import ControlFile


class Counters(Protocol):
    """The numbers that the kernel keeps of a cgroup, and its switches."""

    def reset_peak(self) -> None:
        """Let the peak begin anew at what is used now."""

    def peak_bytes(self) -> int:
        """Read the most memory used since."""

    def file_bytes(self) -> int:
        """Read how much of the memory used now holds the contents of files."""

    def cpu_seconds(self) -> float:
        """Read the CPU time used, ever."""

    def oom_kills(self) -> int:
        """Read how many processes the kernel has killed at the limit, ever."""

    def set_cpu_share(self, share: float) -> None:
        """Set the quota."""

    def close(self) -> None:
        """Close the files."""


class Meter:
    """Measures what a cgroup's processes, all together, take between `begin` and `end`.

    A file's contents in memory are charged to whoever touched it first, mostly the rig, which unpacked the
    package: so what is charged for files is left out of the peak, and what the processes have mapped of files
    (their libraries) is put in, once where several have it. Every environment then shows the same number,
    close to the resident memory that a process sees of itself. Of the files that come in during an invocation
    it cannot be told whether they were there at its peak; they stay in, so that a peak is rather too big than
    too small.
    """

    def __init__(self, counters: Counters, members: ControlFile, *, limit_bytes: int) -> None:
        self._counters = counters
        self._members = members
        self._limit_bytes = limit_bytes
        self._file_bytes: int | None = None
        self._mapped_bytes = 0
        self._cpu_seconds = 0.0
        self._oom_kills = 0
        self._lock = threading.Lock()
        self._last: Usage | None = None

    def begin(self) -> None:
        """Reset the peak, and note what only grows."""
        with self._lock:
            if self._last is None:
                self._file_bytes = self._counters.file_bytes()
                self._cpu_seconds = self._counters.cpu_seconds()
                self._oom_kills = self._counters.oom_kills()
                self._counters.reset_peak()

    def end(self) -> Usage:
        """Compare with what was noted."""
        with self._lock:
            return self._last or self._usage()

    def close(self) -> None:
        """Read a last time: who is stopped in the middle of an invocation still asks for its usage."""
        with self._lock:
            if self._last is None:
                self._last = self._usage()
                self._counters.close()

    def _usage(self) -> Usage:
        cpu_seconds = self._counters.cpu_seconds() - self._cpu_seconds
        oom_killed = self._counters.oom_kills() > self._oom_kills
        return Usage(
            peak_bytes=self._limit_bytes if oom_killed else self._peak_bytes(),
            cpu_seconds=cpu_seconds,
            oom_killed=oom_killed,
        )

    def _peak_bytes(self) -> int:
        file_bytes = self._counters.file_bytes()
        if self._file_bytes is not None:
            file_bytes = min(file_bytes, self._file_bytes)
        # Of processes that have ended counts what was seen last.
        self._mapped_bytes = self._read_mapped_bytes() or self._mapped_bytes
        peak_bytes = self._counters.peak_bytes() - file_bytes + self._mapped_bytes
        return min(max(0, peak_bytes), self._limit_bytes)

    def _read_mapped_bytes(self) -> int:
        members = self._members.numbers()
        return max((status_bytes(member, "RssFile") for member in members), default=0)
