"""Turns the numbers that the kernel keeps of a cgroup into what one invocation used."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from harness.sandbox.limits.base import Usage
from harness.sandbox.limits.control_files import ControlFile

if TYPE_CHECKING:
    from harness.sandbox.limits.counters import Counters


class Meter:
    """Measures what a cgroup's processes, all together, use between `begin` and `end`.

    A file's contents in memory are charged to the process that touched it first, mostly the rig, which
    unpacked the package. So what is charged for files is left out of the peak, and what the processes have
    mapped of files (their libraries) is put in, once where several have it. Every environment then shows the
    same number, close to the resident memory that a process sees of itself. Whether the files that come in
    during an invocation were there at its peak, nobody knows; they stay in, so that a peak is rather too big
    than too small.
    """

    def __init__(self, counters: Counters, folder: Path, *, limit_bytes: int) -> None:
        self._counters = counters
        with contextlib.ExitStack() as stack:
            stack.callback(counters.close)
            self._members = stack.enter_context(ControlFile(folder / "cgroup.procs"))
            self._files = stack.pop_all()
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
        """Compare with what was noted; raises OSError if the cgroup is gone, and its counters with it."""
        with self._lock:
            return self._last or self._usage()

    def close(self) -> None:
        """Close the files; an invocation that is stopped halfway still gets its usage."""
        with self._lock, self._files:
            self._last = self._last or self._usage()

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
        # Of processes that have ended, what was seen last counts.
        self._mapped_bytes = self._read_mapped_bytes() or self._mapped_bytes
        peak_bytes = self._counters.peak_bytes() - file_bytes + self._mapped_bytes
        return min(max(0, peak_bytes), self._limit_bytes)

    def _read_mapped_bytes(self) -> int:
        return max((status_bytes(member, "RssFile") for member in self._members.numbers()), default=0)


def status_bytes(process_id: int, field: str) -> int:
    """Read a size from a process's status file; 0 where there is no such process or size."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0]) * 1024
    return 0
