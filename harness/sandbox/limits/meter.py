"""Turns the numbers that the kernel keeps of a cgroup into what one invocation used."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.sandbox.limits.base import Usage
from harness.sandbox.limits.control_files import ControlFile, read

_SAMPLE_SECONDS: Final = 0.005


class Meter:
    """Measures what a cgroup's processes, all together, use between `begin` and `end`.

    A file's contents in memory are charged to the process that touched it first, mostly the rig, which
    unpacked the package. So what is charged for files is left out of the peak, and what the processes have
    mapped of files (their libraries) is put in, once where several have it. Every environment then shows the
    same number, close to the resident memory that a process sees of itself. Whether the files that come in
    during an invocation were there at its peak, nobody knows; they stay in, so that a peak is rather too big
    than too small.
    """

    def __init__(self, counters: Counters, *, limit_bytes: int) -> None:
        self._counters = counters
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
                self._counters.peak.reset()

    def end(self) -> Usage:
        """Compare with what was noted; raises OSError if the cgroup is gone, and its counters with it."""
        with self._lock:
            return self._last or self._usage()

    def close(self) -> None:
        """Close the files; an invocation that is stopped halfway still gets its usage."""
        with self._lock, self._counters.files:
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
        peak_bytes = self._counters.peak.read() - file_bytes + self._mapped_bytes
        return min(max(0, peak_bytes), self._limit_bytes)

    def _read_mapped_bytes(self) -> int:
        members = self._counters.members.numbers()
        return max((status_bytes(member, "RssFile") for member in members), default=0)


def status_bytes(process_id: int, field: str) -> int:
    """Read a size from a process's status file; 0 where there is no such process or size."""
    for line in read(Path(f"/proc/{process_id}/status")).splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    return 0


@dataclass(frozen=True, kw_only=True)
class Counters:
    """The counters of one cgroup, in files that stay open."""

    members: ControlFile
    peak: _KernelPeak | _SampledPeak
    memory: ControlFile
    file_fields: tuple[str, str]
    oom: ControlFile
    cpu_seconds: Callable[[], float]
    files: contextlib.ExitStack

    @property
    def sampled(self) -> bool:
        """Whether a peak below an earlier one is looked for, not kept by the kernel (Linux before 6.12)."""
        return isinstance(self.peak, _SampledPeak)

    def file_bytes(self) -> int:
        """Read how much of the memory used now holds the contents of files."""
        # Shared memory is kept like a file's contents, but nothing gives it back when memory gets tight.
        cached, shared = self.memory.fields(*self.file_fields)
        return cached - shared

    def oom_kills(self) -> int:
        """Read how many processes the kernel has killed at the limit, ever."""
        (kills,) = self.oom.fields("oom_kill")
        return kills


def counters_v1(*, memory: Path, cpuacct: Path) -> Counters:
    """Open those of version 1: a folder in the hierarchy of each kind of resource.

    Source: https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
    """
    with contextlib.ExitStack() as stack:
        # Any write sets it to what is used now.
        peak = stack.enter_context(ControlFile(memory / "memory.max_usage_in_bytes", writable=True))
        nanoseconds = stack.enter_context(ControlFile(cpuacct / "cpuacct.usage"))
        return Counters(
            members=stack.enter_context(ControlFile(memory / "cgroup.procs")),
            peak=_KernelPeak(peak),
            memory=stack.enter_context(ControlFile(memory / "memory.stat")),
            file_fields=("total_cache", "total_shmem"),
            oom=stack.enter_context(ControlFile(memory / "memory.oom_control")),
            cpu_seconds=lambda: nanoseconds.number() / 1e9,
            files=stack.pop_all(),
        )


def counters_v2(folder: Path) -> Counters:
    """Open those of version 2: one folder for all kinds of resources.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
    """
    with contextlib.ExitStack() as stack:
        cpu = stack.enter_context(ControlFile(folder / "cpu.stat"))
        return Counters(
            members=stack.enter_context(ControlFile(folder / "cgroup.procs")),
            peak=_open_peak(folder, stack),
            memory=stack.enter_context(ControlFile(folder / "memory.stat")),
            file_fields=("file", "shmem"),
            oom=stack.enter_context(ControlFile(folder / "memory.events")),
            cpu_seconds=lambda: cpu.fields("usage_usec")[0] / 1e6,
            files=stack.pop_all(),
        )


def _open_peak(folder: Path, stack: contextlib.ExitStack) -> _KernelPeak | _SampledPeak:
    # Since Linux 6.12 a write restarts the peak, for reads by the same descriptor.
    with contextlib.suppress(OSError):
        peak = _KernelPeak(stack.enter_context(ControlFile(folder / "memory.peak", writable=True)))
        peak.reset()
        return peak
    return _SampledPeak(folder, stack)


class _KernelPeak:
    def __init__(self, file: ControlFile) -> None:
        self._file = file

    def reset(self) -> None:
        self._file.write("0")

    def read(self) -> int:
        return self._file.number()


class _SampledPeak:
    """Looks every few milliseconds, but knows exactly when the cgroup has reached a new height.

    Linux 5.19 to 6.11 keeps the peak of the cgroup's whole life: if that has risen, it is this invocation's.
    """

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        current = stack.enter_context(ControlFile(folder / "memory.current"))
        self._of_life: ControlFile | None = None
        if (folder / "memory.peak").exists():
            self._of_life = stack.enter_context(ControlFile(folder / "memory.peak"))
        self._current = current
        self._sampler = Sampler(self._look, interval_seconds=_SAMPLE_SECONDS)
        stack.callback(self._sampler.close)
        self._before_bytes = 0
        self._sampler.begin()

    def reset(self) -> None:
        self._before_bytes = self._life_bytes()
        self._sampler.begin()

    def read(self) -> int:
        seen_bytes = self._sampler.end()
        life_bytes = self._life_bytes()
        return life_bytes if life_bytes > self._before_bytes else seen_bytes

    def _look(self) -> int:
        # A container's cgroup can go while it is looked at.
        with contextlib.suppress(OSError):
            return self._current.number()
        return 0

    def _life_bytes(self) -> int:
        return self._of_life.number() if self._of_life else 0


class Sampler:
    """Calls `look` every few milliseconds from a thread, while it is on; keeps the highest answer."""

    def __init__(self, look: Callable[[], int], *, interval_seconds: float) -> None:
        self._look = look
        self._interval_seconds = interval_seconds
        self._highest = 0
        self._lock = threading.Lock()
        self._on = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Look from now on; what was seen before does not count."""
        with self._lock:
            self._highest = 0
        self._take()
        self._on.set()

    def end(self) -> int:
        """Look once more, then rest; returns the highest since `begin`."""
        self._on.clear()
        self._take()
        return self._highest

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._on.set()
        self._thread.join()

    def _run(self) -> None:
        while self._on.wait() and not self._closed.wait(self._interval_seconds):
            if self._on.is_set():
                self._take()

    def _take(self) -> None:
        # Under the lock, so that an old look does not count for what begins meanwhile.
        with self._lock:
            self._highest = max(self._highest, self._look())
