"""Limits by control groups: the kernel kills a process past the memory, and shares out the CPU.

Version 1 has a hierarchy of folders for each kind of resource, version 2 one tree for all kinds.
Sources: https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
and https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness import guardian, process
from harness.sandbox.limits import control_files
from harness.sandbox.limits.base import CPU_PERIOD_US, cpu_quota_us
from harness.sandbox.limits.delegation import Place, find_place, prepare
from harness.sandbox.limits.meter import Meter, counters_v1, counters_v2
from harness.sandbox.runtimes import OnThisMachine

if TYPE_CHECKING:
    from harness.process import Process
    from harness.sandbox.limits.base import HeldProcesses, Limit, Mounts, Usage
    from harness.sandbox.limits.meter import Counters

_log = logging.getLogger(__name__)
_numbers = itertools.count(1)

_CONTROLLERS: Final = ("memory", "cpu", "cpuacct")


class CgroupV1(OnThisMachine):
    """Holds processes below the rig's own cgroups, so that a limit on the rig holds for its functions too."""

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

    def create(self, limit: Limit, _mounts: Mounts) -> HeldProcesses:
        """Make a folder in each hierarchy."""
        name = _new_name()
        folders = {
            controller: parent / name
            for controller in _CONTROLLERS
            if (parent := control_files.own_folder(controller))
        }

        def open_counters() -> Counters:
            _limit_memory_v1(folders["memory"], limit.memory_bytes)
            return counters_v1(memory=folders["memory"], cpuacct=folders["cpuacct"])

        def set_cpu_share(share: float) -> None:
            control_files.write(folders["cpu"] / "cpu.cfs_period_us", str(CPU_PERIOD_US))
            control_files.write(folders["cpu"] / "cpu.cfs_quota_us", str(cpu_quota_us(share)))

        # Two controllers may share a hierarchy, as cpu and cpuacct mostly do.
        distinct = list(dict.fromkeys(folders.values()))
        # A thread moves itself at once; moving a process by cgroup.procs takes some 15 ms.
        return CgroupProcesses(limit, distinct, open_counters, set_cpu_share, joined_by="tasks")


class CgroupV2(OnThisMachine):
    """Holds processes where the tree allows it: as root, or in a part that was delegated to this user."""

    name = "cgroup-v2"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._sampled = False

    @property
    def description(self) -> str:
        """How it holds; on kernels before 6.12 the peak is less exact."""
        how = "cgroup v2: killed by the kernel, swap off, whole process tree"
        if self._sampled:
            return f"{how}; a peak below an earlier one is looked for every 5 ms (Linux before 6.12)"
        return how

    @property
    def shapes_cpu(self) -> bool:
        """Whether the CPU controller is handed on to this user, as the memory controller is."""
        place = _find()
        return isinstance(place, Place) and place.shapes_cpu

    def unavailable(self) -> str | None:
        """Say what is missing."""
        place = _find()
        return place if isinstance(place, str) else None

    def create(self, limit: Limit, _mounts: Mounts) -> HeldProcesses:
        """Make a folder in the tree."""
        folder = self._prepared() / _new_name()

        def open_counters() -> Counters:
            _limit_memory_v2(folder, limit.memory_bytes)
            counters = counters_v2(folder)
            self._sampled = counters.sampled
            return counters

        def set_cpu_share(share: float) -> None:
            control_files.write(folder / "cpu.max", f"{cpu_quota_us(share)} {CPU_PERIOD_US}")

        # Moving a process takes some 10 ms of a cold start; what is quick in version 1 does not exist here.
        return CgroupProcesses(limit, [folder], open_counters, set_cpu_share, joined_by="cgroup.procs")

    def _prepared(self) -> Path:
        # Once: afterwards the rig itself is in another cgroup.
        with self._lock:
            if self._folder is None:
                place = _find()
                if isinstance(place, str):
                    raise OSError(place)
                self._folder = prepare(place)
            return self._folder


def _find() -> Place | str:
    own = control_files.own_folder(None)
    if own is None:
        return "no cgroup v2 is mounted"
    return find_place(own) or (
        f"neither {own} nor a folder above it hands the memory controller on to this user; "
        "run as root, or in `systemd-run --user --scope --property=Delegate=yes`"
    )


def _new_name() -> str:
    return f"thumbrig-{os.getpid()}-{next(_numbers)}"


def _limit_memory_v1(folder: Path, limit_bytes: int) -> None:
    control_files.write(folder / "memory.limit_in_bytes", str(limit_bytes))
    with_swap = folder / "memory.memsw.limit_in_bytes"
    if with_swap.exists():
        # After the limit without swap, as it may never be the smaller of the two.
        control_files.write(with_swap, str(limit_bytes))
    # A kernel that does not count swap (swapaccount=0) can still be kept from using it here.
    control_files.write(folder / "memory.swappiness", "0")


def _limit_memory_v2(folder: Path, limit_bytes: int) -> None:
    control_files.write(folder / "memory.max", str(limit_bytes))
    # A kernel without swap has no such file.
    if (folder / "memory.swap.max").exists():
        control_files.write(folder / "memory.swap.max", "0")


class CgroupProcesses:
    """The processes in one cgroup of each hierarchy that is needed."""

    def __init__(
        self,
        limit: Limit,
        folders: Sequence[Path],
        open_counters: Callable[[], Counters],
        set_cpu_share: Callable[[float], None],
        *,
        joined_by: str,
    ) -> None:
        self._limit = limit
        self._folders = folders
        self._set_cpu_share = set_cpu_share
        self._joined_by = joined_by
        with contextlib.ExitStack() as stack:
            for folder in folders:
                guardian.watch_cgroup(folder)
                stack.callback(_remove, folder)
                control_files.make_group(folder)
            self._meter = Meter(open_counters(), limit_bytes=limit.memory_bytes)
            stack.callback(self._meter.close)
            self._cleanup = stack.pop_all()
        self._closed = False
        self._lock = threading.Lock()

    def start(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Process:
        """Start a shell that joins the cgroups and then becomes the command."""
        files = [folder / self._joined_by for folder in self._folders]
        joins = [f"echo 0 > {shlex.quote(str(file))}" for file in files]
        script = " && ".join([*joins, 'exec "$@"'])
        return process.start(["/bin/sh", "-c", script, "sh", *command], cwd=cwd, env=env)

    def begin(self) -> None:
        """Reset the peak, and note what only grows."""
        self._meter.begin()

    def end(self) -> Usage:
        """Compare with what was noted."""
        return self._meter.end()

    def throttle(self) -> None:
        """Set the quota, if there is a share to hold to."""
        with self._lock:
            if self._limit.cpu_share is not None and not self._closed:
                self._set_cpu_share(self._limit.cpu_share)

    def close(self) -> None:
        """Kill what is left, also what has left the process group, and remove the folders."""
        with self._lock:
            self._closed = True
            self._cleanup.close()


def _remove(folder: Path) -> None:
    if not guardian.remove_cgroup(folder):
        _log.warning("%s could not be removed: a process in it does not end", folder)
    guardian.forget_cgroup(folder)
