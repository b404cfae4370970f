"""Limits by control groups of version 2: one tree of folders for all kinds of resources.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Final, Protocol

from harness.sandbox.limits import control_files
from harness.sandbox.limits.cgroup import CPU_PERIOD_US, CgroupCage, cpu_quota_us
from harness.sandbox.limits.control_files import ControlFile
from harness.sandbox.limits.delegation import Place, find_place, prepare
from harness.sandbox.limits.sampler import Sampler

if TYPE_CHECKING:
    from pathlib import Path

    from harness.sandbox.limits.base import Cage, Limit

_SAMPLE_SECONDS: Final = 0.005


class CgroupV2:
    """Makes cages where the tree allows it: as root, or in a part that was delegated to this user."""

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

    def create(self, limit: Limit) -> Cage:
        """Make a folder in the tree."""
        parent = self._prepared()

        def open_counters(name: str) -> _Counters:
            counters = _Counters(parent / name, limit.memory_bytes)
            self._sampled = counters.sampled
            return counters

        return CgroupCage(limit, [parent], open_counters)

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


class _Counters:
    def __init__(self, folder: Path, memory_bytes: int) -> None:
        self._folder = folder
        control_files.write(folder / "memory.max", str(memory_bytes))
        # A kernel without swap has no such file.
        if (folder / "memory.swap.max").exists():
            control_files.write(folder / "memory.swap.max", "0")
        with contextlib.ExitStack() as stack:
            self._memory = stack.enter_context(ControlFile(folder / "memory.stat"))
            self._events = stack.enter_context(ControlFile(folder / "memory.events"))
            self._cpu = stack.enter_context(ControlFile(folder / "cpu.stat"))
            self._peak = _resettable_peak(folder, stack) or _SampledPeak(folder, stack)
            self._cleanup = stack.pop_all()

    @property
    def sampled(self) -> bool:
        return isinstance(self._peak, _SampledPeak)

    def reset_peak(self) -> None:
        self._peak.reset()

    def peak_bytes(self) -> int:
        return self._peak.read()

    def file_bytes(self) -> int:
        # Shared memory is kept like a file's contents, but nothing gives it back when memory gets tight.
        file, shared = self._memory.fields("file", "shmem")
        return file - shared

    def cpu_seconds(self) -> float:
        (microseconds,) = self._cpu.fields("usage_usec")
        return microseconds / 1e6

    def oom_kills(self) -> int:
        (kills,) = self._events.fields("oom_kill")
        return kills

    def set_cpu_share(self, share: float) -> None:
        control_files.write(self._folder / "cpu.max", f"{cpu_quota_us(share)} {CPU_PERIOD_US}")

    def close(self) -> None:
        self._cleanup.close()


class _Peak(Protocol):
    def reset(self) -> None: ...

    def read(self) -> int: ...


def _resettable_peak(folder: Path, stack: contextlib.ExitStack) -> _Peak | None:
    # Since Linux 6.12 a write lets the peak begin anew, for who reads it by the same descriptor.
    with contextlib.ExitStack() as attempt, contextlib.suppress(OSError):
        file = attempt.enter_context(ControlFile(folder / "memory.peak", writable=True))
        peak = _ResettablePeak(file)
        peak.reset()
        stack.push(attempt.pop_all())
        return peak
    return None


class _ResettablePeak:
    def __init__(self, file: ControlFile) -> None:
        self._file = file

    def reset(self) -> None:
        self._file.write("0")

    def read(self) -> int:
        return self._file.number()


class _SampledPeak:
    """Looks every few milliseconds, but knows exactly when the cage has reached a new height.

    Linux 5.19 to 6.11 keeps the peak of the cgroup's whole life: if that has risen, it is this invocation's.
    """

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        current = stack.enter_context(ControlFile(folder / "memory.current"))
        self._of_life: ControlFile | None = None
        if (folder / "memory.peak").exists():
            self._of_life = stack.enter_context(ControlFile(folder / "memory.peak"))
        self._sampler = Sampler(current.number, interval_seconds=_SAMPLE_SECONDS)
        stack.callback(self._sampler.close)
        self._before_bytes = 0
        self._sampler.begin()

    def reset(self) -> None:
        self._before_bytes = self._life_bytes()
        self._sampler.begin()

    def read(self) -> int:
        seen_bytes = self._sampler.end()
        life_bytes = self._life_bytes()
        return life_bytes if life_bytes > self._before_bytes else seen_bytes

    def _life_bytes(self) -> int:
        return self._of_life.number() if self._of_life else 0
