"""The counters of a control group of version 1: a folder in the hierarchy of each kind of resource.

Source: https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from harness.sandbox.limits import control_files
from harness.sandbox.limits.control_files import ControlFile
from harness.sandbox.limits.cpu_quota import CPU_PERIOD_US, cpu_quota_us

if TYPE_CHECKING:
    from pathlib import Path

CONTROLLERS: Final = ("memory", "cpu", "cpuacct")


class CountersV1:
    """Reads them from files that stay open."""

    def __init__(self, *, memory: Path, cpu: Path, cpuacct: Path) -> None:
        self._cpu = cpu
        with contextlib.ExitStack() as stack:
            self._peak = stack.enter_context(ControlFile(memory / "memory.max_usage_in_bytes", writable=True))
            self._memory = stack.enter_context(ControlFile(memory / "memory.stat"))
            self._oom = stack.enter_context(ControlFile(memory / "memory.oom_control"))
            self._cpu_time = stack.enter_context(ControlFile(cpuacct / "cpuacct.usage"))
            self._cleanup = stack.pop_all()

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
        """Set period and quota."""
        control_files.write(self._cpu / "cpu.cfs_period_us", str(CPU_PERIOD_US))
        control_files.write(self._cpu / "cpu.cfs_quota_us", str(cpu_quota_us(share)))

    def close(self) -> None:
        """Close the files."""
        self._cleanup.close()
