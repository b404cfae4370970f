"""The files by which the kernel's control groups are found, read and set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

_PROC_SELF = Path("/proc/self")
_BUFFER_BYTES = 65536


class ControlFile:
    """A control file that stays open: reading it must take microseconds, not a walk along its path."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        self._descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)

    def number(self) -> int:
        """Read the one number in the file."""
        return int(self._read())

    def numbers(self) -> list[int]:
        """Read the numbers in the file, one a line."""
        return [int(line) for line in self._read().splitlines()]

    def fields(self, *names: str) -> list[int]:
        """Read the numbers of these lines of "name number"; a name that is missing counts 0."""
        found = dict.fromkeys(names, 0)
        for line in self._read().splitlines():
            name, _, value = line.partition(" ")
            if name in found:
                found[name] = int(value)
        return list(found.values())

    def write(self, value: str) -> None:
        """Set the file."""
        os.pwrite(self._descriptor, value.encode(), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        # The number may be another file's at once; this one is refused.
        self._descriptor = -1

    def _read(self) -> str:
        return os.pread(self._descriptor, _BUFFER_BYTES, 0).decode()


def read(path: Path) -> str:
    """Read a file of the kernel's once; empty where there is none."""
    try:
        return path.read_text()
    except OSError:
        return ""


def write(path: Path, value: str) -> None:
    """Set a control file once."""
    # Without O_TRUNC and O_CREAT: a control file that the kernel lacks must not come to be by mistake.
    with ControlFile(path, writable=True) as file:
        file.write(value)


def make_group(folder: Path) -> None:
    """Make a cgroup; the kernel fills its folder with control files."""
    folder.mkdir()


def own_folder(controller: str | None, *, proc: Path = _PROC_SELF) -> Path | None:
    """Find the folder of this process's own cgroup: in a controller's hierarchy, or (None) in that of v2.

    Inside a container the hierarchy's mount may begin below its root, or at another place than this process's
    cgroup; then the mount's own top is the nearest there is.
    """
    own = _own_path(controller, proc)
    mount = _mount(controller, proc)
    if own is None or mount is None:
        return None
    root, top = mount
    return top / own.relative_to(root) if own.is_relative_to(root) else top


def folder_of(process_id: int, controller: str | None, *, proc: Path = Path("/proc")) -> Path | None:
    """Find the folder of another process's cgroup, by this process's view of the tree.

    None: no such process or hierarchy, or it lies outside what is mounted here.
    """
    path = _own_path(controller, proc / str(process_id))
    mount = _mount(controller, proc / "self")
    if path is None or mount is None:
        return None
    root, top = mount
    return top / path.relative_to(root) if path.is_relative_to(root) else None


def _own_path(controller: str | None, proc: Path) -> Path | None:
    for line in read(proc / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "" if controller is None else controller in controllers.split(","):
            return Path(path)
    return None


def _mount(controller: str | None, proc: Path) -> tuple[Path, Path] | None:
    for line in read(proc / "mountinfo").splitlines():
        mount, _, filesystem = line.partition(" - ")
        kind, _, options = filesystem.split(" ")[:3]
        if kind == "cgroup2" if controller is None else kind == "cgroup" and controller in options.split(","):
            _, _, _, root, top = mount.split(" ")[:5]
            return Path(root), Path(top)
    return None
