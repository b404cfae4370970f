"""Picks the limiter: the hardest that the machine allows, or the one that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.errors import ThumbrigError
from harness.sandbox.limits.base import Confinement
from harness.sandbox.limits.cgroup import CgroupV1, CgroupV2
from harness.sandbox.limits.watchdog import Watchdog

if TYPE_CHECKING:
    from harness.sandbox.limits.base import Cpu, Limiter


class UnknownLimiterError(ThumbrigError):
    """Raised when a limiter is asked for by a name that none has."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"limiter {name!r}: expected one of {', '.join(known)}")


class LimiterUnavailableError(ThumbrigError):
    """Raised when the machine does not allow the limiter that was asked for."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"limiter {name}: not usable here: {reason}; name another, or none for the best that is"
        )


class CpuNotShapedError(ThumbrigError):
    """Raised when Lambda's share of the CPU is asked for, and the limiter cannot hold a process to it."""

    def __init__(self, limiter: Limiter) -> None:
        super().__init__(
            f"expected a limiter that gives Lambda's share of the CPU, got {limiter.name} "
            f"({limiter.description}); run with the CPU unshaped, or on a machine with cgroups"
        )


def limiters() -> Iterator[Limiter]:
    """List them, the hardest first."""
    yield CgroupV2()
    yield CgroupV1()
    # Its libraries take longer to import than the others to be chosen.
    from harness.sandbox.limits.docker import Docker  # noqa: PLC0415

    yield Docker()
    yield Watchdog()


def confinement(name: str | None = None, *, cpu: Cpu = "unshaped") -> Confinement:
    """Choose by name, or the first that is usable here."""
    limiter = _named(name) if name else _first_usable()
    if cpu == "lambda" and not limiter.shapes_cpu:
        raise CpuNotShapedError(limiter)
    return Confinement(limiter=limiter, cpu=cpu)


def _named(name: str) -> Limiter:
    known = []
    for limiter in limiters():
        if limiter.name == name:
            if reason := limiter.unavailable():
                raise LimiterUnavailableError(name, reason)
            return limiter
        known.append(limiter.name)
    raise UnknownLimiterError(name, known)


def _first_usable() -> Limiter:
    # The watchdog is usable everywhere.
    return next(limiter for limiter in limiters() if limiter.unavailable() is None)
