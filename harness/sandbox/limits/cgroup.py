"""Holds processes by control groups; the two versions of them differ only in their files."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import shlex
import threading
from typing import TYPE_CHECKING

from harness import guardian, process
from harness.sandbox.limits import control_files
from harness.sandbox.limits.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from harness.process import Process
    from harness.sandbox.limits.base import Limit, Usage
    from harness.sandbox.limits.counters import Counters

_log = logging.getLogger(__name__)
_numbers = itertools.count(1)


class CgroupProcesses:
    """One cgroup folder in each hierarchy that is needed, and the counters in them."""

    def __init__(
        self,
        limit: Limit,
        parents: Iterable[Path],
        open_counters: Callable[[str], Counters],
        *,
        joined_by: str = "cgroup.procs",
    ) -> None:
        self._joined_by = joined_by
        self._limit = limit
        name = f"thumbrig-{os.getpid()}-{next(_numbers)}"
        # Two controllers may share a hierarchy, as cpu and cpuacct mostly do.
        self._folders = [parent / name for parent in dict.fromkeys(parents)]
        with contextlib.ExitStack() as stack:
            for folder in self._folders:
                guardian.watch_cgroup(folder)
                stack.callback(_remove, folder)
                control_files.make_group(folder)
            self._counters = open_counters(name)
            self._meter = Meter(self._counters, self._folders[0], limit_bytes=limit.memory_bytes)
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
                self._counters.set_cpu_share(self._limit.cpu_share)

    def close(self) -> None:
        """Kill what is left, also what has left the process group, and remove the folders."""
        with self._lock:
            self._closed = True
            self._cleanup.close()


def _remove(folder: Path) -> None:
    if not guardian.remove_cgroup(folder):
        _log.warning("%s could not be removed: a process in it does not end", folder)
    guardian.forget_cgroup(folder)
