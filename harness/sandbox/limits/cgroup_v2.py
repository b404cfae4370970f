"""Limits by control groups of version 2: one tree of folders for all kinds of resources.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from harness.sandbox.limits import control_files
from harness.sandbox.limits.cgroup import CgroupProcesses
from harness.sandbox.limits.counters import CountersV2
from harness.sandbox.limits.delegation import Place, find_place, prepare
from harness.sandbox.runtimes import OnThisMachine

if TYPE_CHECKING:
    from pathlib import Path

    from harness.sandbox.limits.base import HeldProcesses, Limit, Mounts


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
        parent = self._prepared()

        def open_counters(name: str) -> CountersV2:
            _limit_memory(parent / name, limit.memory_bytes)
            counters = CountersV2(parent / name)
            self._sampled = counters.sampled
            return counters

        # Moving a process takes some 10 ms of a cold start; what is quick in version 1 does not exist here.
        return CgroupProcesses(limit, [parent], open_counters)

    def _prepared(self) -> Path:
        # Once: the rig's own cgroup is another one afterwards.
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


def _limit_memory(folder: Path, limit_bytes: int) -> None:
    control_files.write(folder / "memory.max", str(limit_bytes))
    # A kernel without swap has no such file.
    if (folder / "memory.swap.max").exists():
        control_files.write(folder / "memory.swap.max", "0")
