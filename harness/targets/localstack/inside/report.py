"""Corrects what LocalStack says of an invocation: the figures in its log, and how its runtime ended."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.sandbox import texts
from harness.sandbox.invocation import Invocation, InvocationStatus

if TYPE_CHECKING:
    from harness.sandbox.limits.base import Usage

_REPORT = re.compile(r"^REPORT RequestId: \S+\t(?:.*\t)?Duration: (?P<milliseconds>[\d.]+) ms")
# The status by which Python's subprocess tells of a signal; an init may be written in it.
_NEGATIVE_STATUS = re.compile(rb"Runtime exited with error: exit status -(?P<number>\d+)")


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured of one invocation; `init_seconds` if it was its environment's first."""

    usage: Usage
    duration_seconds: float
    init_seconds: float | None
    memory_mb: int


def corrected_log(log: str, request_id: str, figures: Figures) -> str:
    """Put what was measured into the line that ends an invocation; write its frame if there is no log."""
    if not log:
        lines = [texts.start_line(request_id), texts.end_line(request_id), _report(request_id, figures)]
    else:
        lines = [_corrected_line(line, request_id, figures) for line in log.split("\n") if line]
    return "".join(f"{line}\n" for line in lines)


def failed_start_log(request_id: str, error_line: str, figures: Figures) -> str:
    """Frame the error of an environment that did not start as an invocation's."""
    lines = [
        texts.start_line(request_id),
        error_line,
        texts.end_line(request_id),
        _report(request_id, figures),
    ]
    return "".join(f"{line}\n" for line in lines)


def corrected_payload(payload: bytes) -> bytes:
    """Name the signal that ended a runtime where only its number is told."""

    def named(found: re.Match[bytes]) -> bytes:
        return f"Runtime exited with error: {texts.exit_description(-int(found['number']))}".encode()

    return _NEGATIVE_STATUS.sub(named, payload)


def _corrected_line(line: str, request_id: str, figures: Figures) -> str:
    if found := _REPORT.match(line):
        # Its own clock ran beside the function, ours beside the network in between too.
        seconds = float(found["milliseconds"]) / 1000
        return _report(request_id, replace(figures, duration_seconds=seconds))
    return line


def _report(request_id: str, figures: Figures) -> str:
    invocation = Invocation(
        request_id=request_id,
        # The line is the same whatever came of the invocation.
        status=InvocationStatus.SUCCESS,
        payload=b"",
        duration_seconds=figures.duration_seconds,
        cpu_seconds=figures.usage.cpu_seconds,
        peak_memory_bytes=figures.usage.peak_bytes,
        oom_killed=figures.usage.oom_killed,
        limiter="docker",
        init_seconds=figures.init_seconds,
    )
    return texts.report_line(invocation, memory_mb=figures.memory_mb)
