"""Finds where in the tree of cgroups (version 2) the rig may make its own, and gets the place ready.

Two of the kernel's rules decide. A process can be moved by a user who may write `cgroup.procs` of the folder
that both places have in common. And a folder that hands controllers on to its children may hold no process.
Source: https://docs.kernel.org/admin-guide/cgroup-v2.html#delegation
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from harness.errors import ThumbrigError
from harness.sandbox.limits import control_files

# A process that forks while it is moved may leave a child behind, for the next round.
_ROUNDS: Final = 10


class CgroupBusyError(ThumbrigError):
    """Raised when processes keep starting in a cgroup that is to be emptied."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder}: expected it to become empty, but processes keep starting in it; try again"
        )


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder for the rig's cgroups; `occupied` says that it must be emptied before it can have any."""

    folder: Path
    occupied: bool
    shapes_cpu: bool


def find_place(own: Path) -> Place | None:
    """Look upwards from the rig's own cgroup, where nothing need be moved; otherwise take its own.

    The own cgroup is taken only if nobody else is in it, because its processes have to move to a leaf of it.
    """
    ready = [folder for folder in _upwards(own) if _hands_on(folder, "memory") and _writable(folder)]
    # The nearest that hands on both: systemd often hands on memory to the last slice, the CPU only above it.
    ready.sort(key=lambda folder: not _hands_on(folder, "cpu"))
    if ready:
        return Place(folder=ready[0], occupied=False, shapes_cpu=_hands_on(ready[0], "cpu"))
    given = _words(own / "cgroup.controllers")
    if "memory" in given and _writable(own) and _members(own) <= _family():
        return Place(folder=own, occupied=True, shapes_cpu="cpu" in given)
    return None


def prepare(place: Place) -> Path:
    """Empty an occupied place into a leaf and let it hand its controllers on; return its folder.

    The leaf stays: what was moved lives on in it, and the next run finds the place ready.
    """
    if place.occupied:
        leaf = place.folder / "thumbrig-rig"
        if not leaf.exists():
            control_files.make_group(leaf)
        _empty(place.folder, leaf)
        wanted = "+memory +cpu" if place.shapes_cpu else "+memory"
        control_files.write(place.folder / "cgroup.subtree_control", wanted)
    return place.folder


def _empty(folder: Path, leaf: Path) -> None:
    for _ in range(_ROUNDS):
        members = _members(folder)
        if not members:
            return
        for member in members:
            try:
                control_files.write(leaf / "cgroup.procs", str(member))
            except ProcessLookupError:
                continue  # it has ended meanwhile
    raise CgroupBusyError(folder)


def _upwards(own: Path) -> Iterator[Path]:
    for folder in (own, *own.parents):
        if not (folder / "cgroup.controllers").exists():
            return
        yield folder


def _hands_on(folder: Path, controller: str) -> bool:
    return controller in _words(folder / "cgroup.subtree_control")


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK)


def _members(folder: Path) -> set[int]:
    return set(map(int, _words(folder / "cgroup.procs")))


def _family() -> set[int]:
    rig = psutil.Process()
    return {process.pid for process in (rig, *rig.parents(), *rig.children(recursive=True))}


def _words(path: Path) -> list[str]:
    return control_files.read(path).split()
