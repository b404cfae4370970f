"""Reads what a container uses where the engine keeps it: in the control group of its processes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import ThumbrigError
from harness.sandbox.limits.control_files import ControlFile
from harness.sandbox.limits.counters import CountersV2
from harness.sandbox.limits.counters_v1 import CONTROLLERS, CountersV1
from harness.sandbox.limits.meter import Meter

if TYPE_CHECKING:
    from harness.sandbox.limits.base import Usage
    from harness.sandbox.limits.meter import Counters

ROOT: Final = Path("/opt/thumbrig/cgroup")


class NoAccountingError(ThumbrigError):
    """Raised when a container's control group is not below the mounted tree."""

    def __init__(self, container_id: str, root: Path) -> None:
        super().__init__(
            f"what container {container_id[:12]} uses cannot be measured: expected its control group below "
            f"{root}, there is none; docker-compose.yml mounts the engine's /sys/fs/cgroup there"
        )


class Accounting:
    """The counters of one running container; `begin` and `end` stand around an invocation."""

    def __init__(self, container_id: str, *, limit_bytes: int, root: Path = ROOT) -> None:
        folders = _folders(container_id, root)
        with contextlib.ExitStack() as stack:
            members = stack.enter_context(ControlFile(folders["memory"] / "cgroup.procs"))
            counters: Counters = CountersV1(**folders) if len(folders) > 1 else CountersV2(folders["memory"])
            stack.callback(counters.close)
            self._meter = Meter(counters, members, limit_bytes=limit_bytes)
            stack.callback(self._meter.close)
            self._cleanup = stack.pop_all()

    def begin(self) -> None:
        """Count from here on. At first it counts from the container's beginning."""
        self._meter.begin()

    def end(self) -> Usage:
        """Say what was used since; raises OSError if the container is gone, and its counters with it."""
        return self._meter.end()

    def close(self) -> None:
        """Close the counters, also those of a container that is gone."""
        with contextlib.suppress(OSError):
            self._cleanup.close()


def _folders(container_id: str, root: Path) -> dict[str, Path]:
    if (root / "cgroup.controllers").exists():
        return {"memory": _find(root, container_id)}
    return {name: _find(root / name, container_id) for name in CONTROLLERS}


def _find(root: Path, container_id: str) -> Path:
    # Where exactly depends on the engine: /docker/ID, /system.slice/docker-ID.scope, or below a user's slice.
    found = [path for path in root.rglob(f"*{container_id}*") if path.is_dir()]
    if not found:
        raise NoAccountingError(container_id, root)
    return min(found, key=lambda path: len(path.parts))
