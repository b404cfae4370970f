"""Limits by control groups of version 1: a hierarchy of folders for each kind of resource.

Source: https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from harness.sandbox.limits import control_files
from harness.sandbox.limits.cgroup import CgroupProcesses
from harness.sandbox.limits.counters import CONTROLLERS, CountersV1
from harness.sandbox.runtimes import OnThisMachine

if TYPE_CHECKING:
    from pathlib import Path

    from harness.sandbox.limits.base import HeldProcesses, Limit, Mounts


class CgroupV1(OnThisMachine):
    """Holds processes below the rig's own cgroups, so that a limit on the rig holds for its functions too."""

    name = "cgroup-v1"
    description = "cgroup v1: killed by the kernel, swap off, whole process tree"
    shapes_cpu = True

    def unavailable(self) -> str | None:
        """Name the first hierarchy that is not there or may not be written."""
        for controller in CONTROLLERS:
            folder = control_files.own_folder(controller)
            if folder is None:
                return f"no cgroup v1 hierarchy with the controller {controller} is mounted"
            if not os.access(folder, os.W_OK):
                return f"{folder} is not writable for this user"
        return None

    def create(self, limit: Limit, _mounts: Mounts) -> HeldProcesses:
        """Make a folder in each hierarchy."""
        parents = {name: folder for name in CONTROLLERS if (folder := control_files.own_folder(name))}

        def open_counters(name: str) -> CountersV1:
            folders = {controller: parent / name for controller, parent in parents.items()}
            _limit_memory(folders["memory"], limit.memory_bytes)
            return CountersV1(**folders)

        # A thread that moves itself waits for nobody; to move a process by cgroup.procs takes some 15 ms.
        return CgroupProcesses(limit, parents.values(), open_counters, joined_by="tasks")


def _limit_memory(folder: Path, limit_bytes: int) -> None:
    control_files.write(folder / "memory.limit_in_bytes", str(limit_bytes))
    with_swap = folder / "memory.memsw.limit_in_bytes"
    if with_swap.exists():
        # After the limit without swap: it may never be the smaller of the two.
        control_files.write(with_swap, str(limit_bytes))
    # A kernel that does not count swap (swapaccount=0) can still be kept from using it here.
    control_files.write(folder / "memory.swappiness", "0")
