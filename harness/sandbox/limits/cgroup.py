"""A cage made of control groups; the two versions of them differ only in their files."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import shlex
import threading
from typing import TYPE_CHECKING, Protocol

from harness import guardian, process
from harness.sandbox.limits import control_files
from harness.sandbox.limits.base import Usage

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from harness.sandbox.limits.base import Limit

_log = logging.getLogger(__name__)
_numbers = itertools.count(1)

# The quota is dealt out anew in each period: a long one would turn a throttled function's time into a few
# long pauses. Of 20 ms the smallest function (128 MB) gets 1.4 ms, above the 1 ms that the kernel demands.
CPU_PERIOD_US = 20_000


def cpu_quota_us(share: float) -> int:
    """Give the CPU time of one period."""
    return max(1000, round(share * CPU_PERIOD_US))


class Counters(Protocol):
    """The numbers that the kernel keeps of a cgroup, and its switches."""

    def reset_peak(self) -> None:
        """Let the peak begin anew at what is used now."""

    def peak_bytes(self) -> int:
        """Read the most memory used since."""

    def file_bytes(self) -> int:
        """Read how much of the memory used now holds the contents of files."""

    def cpu_seconds(self) -> float:
        """Read the CPU time used, ever."""

    def oom_kills(self) -> int:
        """Read how many processes the kernel has killed at the limit, ever."""

    def set_cpu_share(self, share: float) -> None:
        """Set the quota."""

    def close(self) -> None:
        """Close the files."""


class CgroupCage:
    """One cgroup folder in each hierarchy that is needed, and the counters in them.

    The peak leaves out the contents of files: the kernel charges them to whoever touched a file first
    (mostly the rig, which unpacked the package), and gives them up when memory gets tight, so no function
    dies of them. Of those that come in during an invocation it cannot be told whether they were there at its
    peak; they stay in, so that a peak is rather too big than too small.
    """

    def __init__(
        self, limit: Limit, parents: Iterable[Path], open_counters: Callable[[str], Counters]
    ) -> None:
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
            stack.callback(self._counters.close)
            self._cleanup = stack.pop_all()
        self._file_bytes: int | None = None
        self._cpu_seconds = 0.0
        self._oom_kills = 0
        self._lock = threading.Lock()
        self._last: Usage | None = None

    def start(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a shell that joins the cgroups and then becomes the command."""
        joins = [f"echo 0 > {shlex.quote(str(folder / 'cgroup.procs'))}" for folder in self._folders]
        script = " && ".join([*joins, 'exec "$@"'])
        return process.start(["/bin/sh", "-c", script, "sh", *command], cwd=cwd, env=env)

    def begin(self) -> None:
        """Reset the peak, and note what only grows."""
        with self._lock:
            if self._last is None:
                self._file_bytes = self._counters.file_bytes()
                self._cpu_seconds = self._counters.cpu_seconds()
                self._oom_kills = self._counters.oom_kills()
                self._counters.reset_peak()

    def end(self) -> Usage:
        """Compare with what was noted."""
        with self._lock:
            return self._last or self._usage()

    def throttle(self) -> None:
        """Set the quota, if there is a share to hold to."""
        with self._lock:
            if self._limit.cpu_share is not None and self._last is None:
                self._counters.set_cpu_share(self._limit.cpu_share)

    def close(self) -> None:
        """Kill what is left, also what has left the process group, and remove the folders."""
        with self._lock:
            # An environment can be stopped in the middle of an invocation, which still asks for its usage.
            self._last = self._last or self._usage()
            self._cleanup.close()

    def _usage(self) -> Usage:
        cpu_seconds = self._counters.cpu_seconds() - self._cpu_seconds
        oom_killed = self._counters.oom_kills() > self._oom_kills
        return Usage(
            peak_bytes=self._limit.memory_bytes if oom_killed else self._peak_bytes(),
            cpu_seconds=cpu_seconds,
            oom_killed=oom_killed,
        )

    def _peak_bytes(self) -> int:
        file_bytes = self._counters.file_bytes()
        if self._file_bytes is not None:
            file_bytes = min(file_bytes, self._file_bytes)
        return max(0, self._counters.peak_bytes() - file_bytes)


def _remove(folder: Path) -> None:
    if not guardian.remove_cgroup(folder):
        _log.warning("%s could not be removed: a process in it does not end", folder)
    guardian.forget_cgroup(folder)
