"""The numbers that the kernel keeps of a cgroup, in the files of either version."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Final, Protocol

from harness.sandbox.limits import control_files
from harness.sandbox.limits.base import CPU_PERIOD_US, cpu_quota_us
from harness.sandbox.limits.control_files import ControlFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONTROLLERS: Final = ("memory", "cpu", "cpuacct")
_SAMPLE_SECONDS: Final = 0.005


class Counters(Protocol):
    """The counters of one cgroup, in files that stay open, and its switch for the CPU."""

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
        """Set quota and period."""

    def close(self) -> None:
        """Close the files."""


class CountersV1:
    """Version 1: a folder in the hierarchy of each kind of resource.

    Source: https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
    """

    def __init__(self, *, memory: Path, cpu: Path, cpuacct: Path) -> None:
        self._cpu = cpu
        with contextlib.ExitStack() as stack:
            self._peak = stack.enter_context(ControlFile(memory / "memory.max_usage_in_bytes", writable=True))
            self._memory = stack.enter_context(ControlFile(memory / "memory.stat"))
            self._oom = stack.enter_context(ControlFile(memory / "memory.oom_control"))
            self._cpu_time = stack.enter_context(ControlFile(cpuacct / "cpuacct.usage"))
            self._files = stack.pop_all()

    def reset_peak(self) -> None:
        """Set it to what is used now, which any write does."""
        self._peak.write("0")

    def peak_bytes(self) -> int:
        """Read the most memory used since."""
        return self._peak.number()

    def file_bytes(self) -> int:
        """Read how much of the memory holds the contents of files."""
        # Shared memory is kept like a file's contents, but nothing gives it back when memory gets tight.
        cache, shared = self._memory.fields("total_cache", "total_shmem")
        return cache - shared

    def cpu_seconds(self) -> float:
        """Read the CPU time, which the kernel keeps in nanoseconds."""
        return self._cpu_time.number() / 1e9

    def oom_kills(self) -> int:
        """Read how many processes the kernel has killed at the limit."""
        (kills,) = self._oom.fields("oom_kill")
        return kills

    def set_cpu_share(self, share: float) -> None:
        """Set quota and period."""
        control_files.write(self._cpu / "cpu.cfs_period_us", str(CPU_PERIOD_US))
        control_files.write(self._cpu / "cpu.cfs_quota_us", str(cpu_quota_us(share)))

    def close(self) -> None:
        """Close the files."""
        self._files.close()


class CountersV2:
    """Version 2: one folder for all kinds of resources; `sampled` says that the peak is less exact.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with contextlib.ExitStack() as stack:
            self._memory = stack.enter_context(ControlFile(folder / "memory.stat"))
            self._events = stack.enter_context(ControlFile(folder / "memory.events"))
            self._cpu = stack.enter_context(ControlFile(folder / "cpu.stat"))
            self._peak = _resettable_peak(folder, stack) or _SampledPeak(folder, stack)
            self._files = stack.pop_all()

    @property
    def sampled(self) -> bool:
        """Whether a peak below an earlier one is looked for, not kept by the kernel (Linux before 6.12)."""
        return isinstance(self._peak, _SampledPeak)

    def reset_peak(self) -> None:
        """Let it begin anew at what is used now."""
        self._peak.reset()

    def peak_bytes(self) -> int:
        """Read the most memory used since."""
        return self._peak.read()

    def file_bytes(self) -> int:
        """Read how much of the memory holds the contents of files."""
        # Without shared memory, as in version 1.
        file, shared = self._memory.fields("file", "shmem")
        return file - shared

    def cpu_seconds(self) -> float:
        """Read the CPU time, which the kernel keeps in microseconds."""
        (microseconds,) = self._cpu.fields("usage_usec")
        return microseconds / 1e6

    def oom_kills(self) -> int:
        """Read how many processes the kernel has killed at the limit."""
        (kills,) = self._events.fields("oom_kill")
        return kills

    def set_cpu_share(self, share: float) -> None:
        """Set quota and period."""
        control_files.write(self._folder / "cpu.max", f"{cpu_quota_us(share)} {CPU_PERIOD_US}")

    def close(self) -> None:
        """Close the files."""
        self._files.close()


class _Peak(Protocol):
    def reset(self) -> None: ...

    def read(self) -> int: ...


def _resettable_peak(folder: Path, stack: contextlib.ExitStack) -> _Peak | None:
    # Since Linux 6.12 a write lets the peak begin anew, for reads by the same descriptor.
    with contextlib.ExitStack() as attempt, contextlib.suppress(OSError):
        file = attempt.enter_context(ControlFile(folder / "memory.peak", writable=True))
        peak = _ResettablePeak(file)
        peak.reset()
        stack.push(attempt.pop_all())
        return peak
    return None


class _ResettablePeak:
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
        # Under the lock, so that an old look is not counted to what begins meanwhile.
        with self._lock:
            self._highest = max(self._highest, self._look())
