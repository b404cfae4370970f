"""Limits by watching, where the kernel does not limit for us: on macOS, on Linux without privileges."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil

from harness import process
from harness.sandbox.limits.base import Usage
from harness.sandbox.limits.process_tree import ProcessTree
from harness.sandbox.limits.sampler import Sampler
from harness.sandbox.limits.this_machine import OnThisMachine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.process import Process
    from harness.sandbox.limits.base import Cage, Limit, Room

_INTERVAL_SECONDS = 0.005


class Watchdog(OnThisMachine):
    """Makes cages that look at their processes every few milliseconds."""

    name = "watchdog"
    description = (
        "watchdog, softer than a limit of the kernel: looks at the resident memory every 5 ms and kills the "
        "biggest process, swap not off, CPU not shaped, its time in steps of 10 ms"
    )
    shapes_cpu = False

    def unavailable(self) -> str | None:
        """Nothing is needed but psutil."""
        return None

    def create(self, limit: Limit, _room: Room) -> Cage:
        """Make a cage."""
        return _WatchedCage(limit)


class _WatchedCage:
    """Adds up the resident memory of the tree.

    Resident memory (RSS) counts a page that two processes share twice, and a library's pages too. What would
    leave them out (USS) takes milliseconds a look, in which a function can grow past the limit, and on macOS
    it takes root.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._tree = ProcessTree()
        self._oom_killed = False
        self._cpu_before_seconds = 0.0
        self._sampler = Sampler(self._look, interval_seconds=_INTERVAL_SECONDS)

    def start(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Process:
        """Start the command and begin to watch it."""
        started = process.start(command, cwd=cwd, env=env)
        self._tree.plant(started.pid)
        self._sampler.begin()
        return started

    def begin(self) -> None:
        """Watch, and note the CPU time so far."""
        self._oom_killed = False
        self._cpu_before_seconds = self._tree.cpu_seconds()
        self._tree.reset_high_water()
        self._sampler.begin()

    def end(self) -> Usage:
        """Rest until the next invocation."""
        # Between two looks a peak can come and go; of the runtime process itself Linux keeps it.
        peak_bytes = max(self._sampler.end(), self._tree.high_water_bytes())
        # While the parent of a child still lives: an orphan could not be told from anybody else's process.
        self._tree.refresh()
        return Usage(
            peak_bytes=self._limit.memory_bytes if self._oom_killed else peak_bytes,
            cpu_seconds=max(0.0, self._tree.cpu_seconds() - self._cpu_before_seconds),
            oom_killed=self._oom_killed,
        )

    def throttle(self) -> None:
        """Do nothing: stopping and continuing a process from here would be no share, only jerks."""

    def close(self) -> None:
        """Stop watching, and kill what has left the process group."""
        self._sampler.close()
        self._tree.refresh()
        for member in self._tree.members:
            _kill(member)

    def _look(self) -> int:
        sizes = self._tree.resident_bytes()
        total_bytes = sum(sizes.values())
        if total_bytes > self._limit.memory_bytes:
            self._oom_killed = True
            _kill(max(sizes, key=sizes.__getitem__))
        return total_bytes


def _kill(member: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        member.kill()
