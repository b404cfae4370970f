"""A function's log in CloudWatch Logs: its lines, and the invocations that they belong to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from harness.application import Upload
from harness.deployment import Deployment
from harness.wait import Backoff, TimedOutError, wait_for

_START = re.compile(r"^START RequestId: (\S+)")
_REPORT = re.compile(r"^REPORT RequestId: \S+")
_PEAK = re.compile(r"^REPORT .*\tMax Memory Used: (\d+) MB")
_DURATION = re.compile(r"\bDuration: ([\d.]+) ms")
_INIT = re.compile(r"\bInit Duration: ([\d.]+) ms")
# In the words of awslambdaric, of the Node.js client and of Lambda itself.
_ERROR = re.compile(r"^\[ERROR\]|\tERROR\t|Task timed out after|\bStatus: (?:error|timeout)")

_BACKOFF = Backoff(first_seconds=0.02, most_seconds=0.5)
# On AWS a log's lines can be read some seconds after they were written.
_REPORT_TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One entry of the log."""

    epoch_ms: int
    message: str
    stream: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The function's structured JSON, or nothing if the entry is something else."""
        try:
            found = json.loads(self.message)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class FunctionLog:
    """The entries since some moment, in their order; their dates are true within `precision_ms`."""

    lines: tuple[LogLine, ...]
    precision_ms: float = 1.0

    @property
    def invocations_started(self) -> int:
        """How many invocations have begun, retries included."""
        return sum(1 for line in self.lines if _START.match(line.message))

    @property
    def invocations_ended(self) -> int:
        """How many invocations are over."""
        return sum(1 for line in self.lines if _REPORT.match(line.message))

    @property
    def peaks_mb(self) -> list[int]:
        """The most memory that each invocation used."""
        return [int(found[1]) for line in self.lines if (found := _PEAK.match(line.message))]

    def naming(self, key: str) -> list[dict[str, Any]]:
        """Return the function's own structured lines about one original."""
        return [line.fields for line in self.lines if line.fields.get("key") == key]

    def tail(self, count: int) -> list[str]:
        """Return the last entries."""
        return [line.message for line in self.lines[-count:]]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One invocation; `duration_ms` is there once it is over, `init_ms` if it started an environment.

    The log counts whole milliseconds. What an environment wrote while it started is in its first attempt.
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
        """Return the function's own last line about one original."""
        return next((line for line in reversed(self.lines) if line.fields.get("key") == key), None)


def read_log(deployment: Deployment, *, since_epoch_seconds: float = 0.0) -> FunctionLog:
    """Read what the function has logged since then."""
    pages = deployment.aws.client("logs").get_paginator("filter_log_events")
    lines = [
        LogLine(
            epoch_ms=event["timestamp"], message=event["message"].rstrip("\n"), stream=event["logStreamName"]
        )
        for page in pages.paginate(
            logGroupName=deployment.log_group, startTime=int(since_epoch_seconds * 1000)
        )
        for event in page["events"]
    ]
    # Events of one moment keep the order in which the log has them: the sort is stable.
    ordered = tuple(sorted(lines, key=lambda line: line.epoch_ms))
    return FunctionLog(ordered, precision_ms=deployment.log_precision_ms)


def wait_until_logged(
    deployment: Deployment, upload: Upload, *, timeout_seconds: float = 10.0
) -> FunctionLog:
    """Wait until the function's log names this original: its line comes after its thumbnail."""

    def look() -> FunctionLog | None:
        log = read_log(deployment, since_epoch_seconds=upload.started_epoch_seconds)
        return log if log.naming(upload.key) else None

    expected = f"expected a line about {upload.key} in {deployment.log_group}, there is none"
    return wait_for(look, expected, timeout_seconds=timeout_seconds, backoff=_BACKOFF)


def read_reported_log(deployment: Deployment, upload: Upload, *, is_expected: bool) -> FunctionLog:
    """Read the log once Lambda has reported on the upload's last attempt; at once if none is expected."""
    since = upload.started_epoch_seconds

    def look() -> FunctionLog | None:
        log = read_log(deployment, since_epoch_seconds=since)
        found = attempts_at(log, upload.key)
        return log if found and found[-1].duration_ms is not None else None

    expected = f"expected a report about {upload.key} in {deployment.log_group}, there is none"
    timeout = _REPORT_TIMEOUT_SECONDS if is_expected else 0.0
    try:
        return wait_for(look, expected, timeout_seconds=timeout, backoff=_BACKOFF)
    except TimedOutError:
        # A function may log nothing of its own; the timeline says so.
        return read_log(deployment, since_epoch_seconds=since)


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
