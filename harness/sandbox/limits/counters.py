"""The counters of a control group of version 2: one folder for all kinds of resources.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Protocol

from harness.sandbox.limits import control_files
from harness.sandbox.limits.control_files import ControlFile
from harness.sandbox.limits.cpu_quota import CPU_PERIOD_US, cpu_quota_us
from harness.sandbox.limits.sampler import Sampler

if TYPE_CHECKING:
    from pathlib import Path

_SAMPLE_SECONDS: Final = 0.005


class CountersV2:
    """Reads them from files that stay open; `sampled` says that the peak is less exact."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with contextlib.ExitStack() as stack:
            self._memory = stack.enter_context(ControlFile(folder / "memory.stat"))
            self._events = stack.enter_context(ControlFile(folder / "memory.events"))
            self._cpu = stack.enter_context(ControlFile(folder / "cpu.stat"))
            self._peak = _resettable_peak(folder, stack) or _SampledPeak(folder, stack)
            self._cleanup = stack.pop_all()

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
        # Shared memory is kept like a file's contents, but nothing gives it back when memory gets tight.
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
        self._cleanup.close()


class _Peak(Protocol):
    def reset(self) -> None: ...

    def read(self) -> int: ...


def _resettable_peak(folder: Path, stack: contextlib.ExitStack) -> _Peak | None:
    # Since Linux 6.12 a write lets the peak begin anew, for who reads it by the same descriptor.
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
    """Looks every few milliseconds, but knows exactly when the cage has reached a new height.

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
