"""A function's log as what it tells of: attempts, each with its lines and Lambda's report of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.observe.log import FunctionLog, LogLine

_START = re.compile(r"^START RequestId: \S+")
_REPORT = re.compile(r"^REPORT RequestId: \S+")
_DURATION = re.compile(r"\bDuration: ([\d.]+) ms")
_INIT = re.compile(r"\bInit Duration: ([\d.]+) ms")
# In the words of awslambdaric, of the Node.js client and of Lambda itself.
_ERROR = re.compile(r"^\[ERROR\]|\tERROR\t|Task timed out after|\bStatus: (?:error|timeout)")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One invocation; `duration_ms` is there once it is over, `init_ms` if it started an environment.

    The log counts whole milliseconds. What an environment wrote while it started is its first attempt's.
    """

    request_id: str
    started_epoch_ms: int
    lines: tuple[LogLine, ...]
    duration_ms: float | None
    init_ms: float | None

    @property
    def unnamed_error(self) -> str | None:
        """The error of an attempt that names no original: it could not start, or was stopped."""
        if any("key" in line.fields for line in self.lines):
            return None
        found = (line.message.splitlines()[0] for line in self.lines if _ERROR.search(line.message))
        return next(found, None)

    def line_about(self, key: str) -> LogLine | None:
        """Give the function's own last line about one original."""
        return next((line for line in reversed(self.lines) if line.fields.get("key") == key), None)


def attempts(log: FunctionLog) -> list[Attempt]:
    """List the attempts in the order of their start."""
    streams: dict[str, list[LogLine]] = {}
    for line in log.lines:
        streams.setdefault(line.stream, []).append(line)
    found = [attempt for lines in streams.values() for attempt in _of_one_environment(lines)]
    return sorted(found, key=lambda attempt: attempt.started_epoch_ms)


def attempts_at(log: FunctionLog, key: str) -> list[Attempt]:
    """List the attempts that have a line about one original."""
    return [attempt for attempt in attempts(log) if attempt.line_about(key)]


def _of_one_environment(lines: list[LogLine]) -> list[Attempt]:
    # An environment serves one request after the other, so its stream never mixes two.
    starts = [index for index, line in enumerate(lines) if _START.match(line.message)]
    firsts, ends = [0, *starts[1:]], [*starts[1:], len(lines)]
    return [
        _attempt(lines[start], lines[first:end])
        for start, first, end in zip(starts, firsts, ends, strict=False)
    ]


def _attempt(start: LogLine, lines: list[LogLine]) -> Attempt:
    report = next((line.message for line in lines if _REPORT.match(line.message)), "")
    return Attempt(
        request_id=start.message.split()[2],
        started_epoch_ms=start.epoch_ms,
        lines=tuple(lines),
        duration_ms=_number(_DURATION, report),
        init_ms=_number(_INIT, report),
    )


def _number(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    return float(found[1]) if found else None
