"""A container's control groups, found by a process that is in it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from harness.sandbox.limits import control_files
from harness.sandbox.limits.control_files import ControlFile
from harness.sandbox.limits.counters import CountersV2
from harness.sandbox.limits.counters_v1 import CONTROLLERS, CountersV1
from harness.sandbox.limits.meter import Meter

if TYPE_CHECKING:
    from pathlib import Path

    from harness.sandbox.limits.base import Usage
    from harness.sandbox.limits.meter import Counters


class ContainerCgroup:
    """Measures a container as a cage is measured; raises OSError where its files are out of reach."""

    def __init__(self, container_id: str, *, process_id: int, limit_bytes: int) -> None:
        folders = {name: control_files.folder_of(process_id, name) for name in (*CONTROLLERS, None)}
        # The number is one of the engine's machine; on this one it may be anybody's.
        found = {name: folder for name, folder in folders.items() if folder and container_id in str(folder)}
        with contextlib.ExitStack() as stack:
            counters, home = _open_counters(found)
            stack.callback(counters.close)
            members = stack.enter_context(ControlFile(home / "cgroup.procs"))
            self._meter = Meter(counters, members, limit_bytes=limit_bytes)
            self._files = stack.pop_all()

    def begin(self) -> None:
        """Reset the peak, and note what only grows."""
        self._meter.begin()

    def end(self) -> Usage:
        """Compare with what was noted."""
        return self._meter.end()

    def close(self) -> None:
        """Read a last time, and close the files."""
        with self._files:
            self._meter.close()


def _open_counters(folders: dict[str | None, Path]) -> tuple[Counters, Path]:
    if folders.keys() >= set(CONTROLLERS):
        return CountersV1(**{name: folders[name] for name in CONTROLLERS}), folders["memory"]
    if None in folders:
        return CountersV2(folders[None]), folders[None]
    raise FileNotFoundError("its process is in none that is mounted here")
