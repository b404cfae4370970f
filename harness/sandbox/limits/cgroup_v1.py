"""Limits by control groups of version 1: a hierarchy of folders for each kind of resource.

Source: https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from harness.sandbox.limits import control_files
from harness.sandbox.limits.cgroup import CPU_PERIOD_US, CgroupCage, cpu_quota_us
from harness.sandbox.limits.control_files import ControlFile

if TYPE_CHECKING:
    from pathlib import Path

    from harness.sandbox.limits.base import Cage, Limit

_CONTROLLERS = ("memory", "cpu", "cpuacct")


class CgroupV1:
    """Makes cages below the rig's own cgroups, so that a limit on the rig holds for its functions too."""

    name = "cgroup-v1"
    description = "cgroup v1: killed by the kernel, swap off, whole process tree"
    shapes_cpu = True

    def unavailable(self) -> str | None:
        """Name the first hierarchy that is not there or may not be written."""
        for controller in _CONTROLLERS:
            folder = control_files.own_folder(controller)
            if folder is None:
                return f"no cgroup v1 hierarchy with the controller {controller} is mounted"
            if not os.access(folder, os.W_OK):
                return f"{folder} is not writable for this user"
        return None

    def create(self, limit: Limit) -> Cage:
        """Make a folder in each hierarchy."""
        parents = {name: folder for name in _CONTROLLERS if (folder := control_files.own_folder(name))}

        def open_counters(name: str) -> _Counters:
            folders = {controller: parent / name for controller, parent in parents.items()}
            _limit_memory(folders["memory"], limit.memory_bytes)
            return _Counters(**folders)

        return CgroupCage(limit, parents.values(), open_counters)


class _Counters:
    def __init__(self, *, memory: Path, cpu: Path, cpuacct: Path) -> None:
        self._cpu = cpu
        with contextlib.ExitStack() as stack:
            self._peak = stack.enter_context(ControlFile(memory / "memory.max_usage_in_bytes", writable=True))
            self._memory = stack.enter_context(ControlFile(memory / "memory.stat"))
            self._oom = stack.enter_context(ControlFile(memory / "memory.oom_control"))
            self._cpu_time = stack.enter_context(ControlFile(cpuacct / "cpuacct.usage"))
            self._cleanup = stack.pop_all()

    def reset_peak(self) -> None:
        self._peak.write("0")

    def peak_bytes(self) -> int:
        return self._peak.number()

    def file_bytes(self) -> int:
        # Shared memory is kept like a file's contents, but nothing gives it back when memory gets tight.
        cache, shared = self._memory.fields("total_cache", "total_shmem")
        return cache - shared

    def cpu_seconds(self) -> float:
        return self._cpu_time.number() / 1e9

    def oom_kills(self) -> int:
        (kills,) = self._oom.fields("oom_kill")
        return kills

    def set_cpu_share(self, share: float) -> None:
        control_files.write(self._cpu / "cpu.cfs_period_us", str(CPU_PERIOD_US))
        control_files.write(self._cpu / "cpu.cfs_quota_us", str(cpu_quota_us(share)))

    def close(self) -> None:
        self._cleanup.close()


def _limit_memory(folder: Path, limit_bytes: int) -> None:
    control_files.write(folder / "memory.limit_in_bytes", str(limit_bytes))
    with_swap = folder / "memory.memsw.limit_in_bytes"
    if with_swap.exists():
        # After the limit without swap: it may never be the smaller of the two.
        control_files.write(with_swap, str(limit_bytes))
    # A kernel that does not count swap (swapaccount=0) can still be kept from using it here.
    control_files.write(folder / "memory.swappiness", "0")
