"""Reads a function's log back from CloudWatch Logs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.deployment import Deployment

_START = re.compile(r"^START RequestId: (\S+)")
_REPORT = re.compile(r"^REPORT RequestId: (\S+)")
_PEAK = re.compile(r"^REPORT .*\tMax Memory Used: (\d+) MB")


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One entry of the log."""

    epoch_ms: int
    message: str
    stream: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The entry as the function's structured JSON, or nothing if it is another's."""
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
        """Give the function's own structured lines about one original."""
        return [line.fields for line in self.lines if line.fields.get("key") == key]

    def tail(self, count: int) -> list[str]:
        """Give the last entries."""
        return [line.message for line in self.lines[-count:]]


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
