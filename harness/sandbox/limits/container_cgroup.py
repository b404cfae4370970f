"""Finds a container's control groups, and measures the container by them as the rig's own are measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import ThumbrigError
from harness.sandbox.limits import control_files
from harness.sandbox.limits.meter import Meter, counters_v1, counters_v2

if TYPE_CHECKING:
    from collections.abc import Mapping

    # By controller; None stands for the one hierarchy of version 2.
    Folders = Mapping[str | None, Path]

# The hierarchies of version 1 that count.
_CONTROLLERS: Final = ("memory", "cpuacct")
# Where docker-compose.yml mounts the engine's tree into LocalStack.
_MOUNTED: Final = Path("/opt/thumbrig/cgroup")


class NoAccountingError(ThumbrigError):
    """Raised when a container's control group is not below the mounted tree."""

    def __init__(self, container_id: str, root: Path) -> None:
        super().__init__(
            f"what container {container_id[:12]} uses cannot be measured: expected its control group below "
            f"{root}, there is none; docker-compose.yml mounts the engine's /sys/fs/cgroup there"
        )


def open_meter(folders: Folders, *, limit_bytes: int) -> Meter:
    """Measure what lies in these folders; raises OSError where its files are out of reach."""
    match folders:
        case {"memory": memory, "cpuacct": cpuacct}:
            return Meter(counters_v1(memory=memory, cpuacct=cpuacct), limit_bytes=limit_bytes)
        case {None: folder}:
            return Meter(counters_v2(folder), limit_bytes=limit_bytes)
    raise FileNotFoundError("its process is in none that is mounted here")


def folders_by_process(container_id: str, process_id: int) -> Folders:
    """Find a container's folders by a process that is in it."""
    folders = {name: control_files.folder_of(process_id, name) for name in (*_CONTROLLERS, None)}
    # The number is one of the engine's machine; on this one it may be anybody's.
    return {name: folder for name, folder in folders.items() if folder and container_id in str(folder)}


def folders_below(container_id: str, root: Path = _MOUNTED) -> Folders:
    """Find a container's folders by its name, in a mounted tree; raises NoAccountingError."""
    if (root / "cgroup.controllers").exists():
        return {None: _find(root, container_id)}
    return {name: _find(root / name, container_id) for name in _CONTROLLERS}


def _find(root: Path, container_id: str) -> Path:
    # Where exactly depends on the engine: /docker/ID, /system.slice/docker-ID.scope, or below a user's slice.
    found = [path for path in root.rglob(f"*{container_id}*") if path.is_dir()]
    if not found:
        raise NoAccountingError(container_id, root)
    return min(found, key=lambda path: len(path.parts))
