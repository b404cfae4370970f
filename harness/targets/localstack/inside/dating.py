"""Dates each line of a function's log by when it was printed, as the engine saw it.

LocalStack gives all lines of an invocation the time at which it stored them, and has none of one whose
runtime was killed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, Self


class Line(NamedTuple):
    """One line, and when it was printed."""

    epoch_ms: int
    text: str


class DatedLog(str):
    """A log whose lines are dated; LocalStack hands it on as the text that it is."""

    __slots__ = ("dated_lines",)
    dated_lines: list[Line]

    @classmethod
    def of(cls, lines: list[Line]) -> Self:
        """Make a log of these lines."""
        log = cls("".join(f"{line.text}\n" for line in lines))
        log.dated_lines = lines
        return log


def dated(
    log: str, printed: list[Line], *, request_id: str, began_epoch_ms: int, ended_epoch_ms: int
) -> DatedLog:
    """Put what was printed into the frame that Lambda gives a log: its START, END and REPORT.

    If the log tells of more than was seen printed, that is kept instead, dated by the invocation's end.
    """
    start, closing, told = [], [], []
    for text in filter(None, log.split("\n")):
        if text.startswith(f"START RequestId: {request_id}"):
            start.append(text)
        elif text.startswith((f"END RequestId: {request_id}", f"REPORT RequestId: {request_id}")):
            closing.append(text)
        else:
            told.append(text)
    if not {line.text for line in printed}.issuperset(told):
        printed = [Line(ended_epoch_ms, text) for text in told]
    over_epoch_ms = max([ended_epoch_ms, *(line.epoch_ms for line in printed)])
    lines = [
        *(Line(began_epoch_ms, text) for text in start),
        *printed,
        *(Line(over_epoch_ms, text) for text in closing),
    ]
    # What the initialisation prints comes before the start, as on Lambda.
    return DatedLog.of(sorted(lines, key=lambda line: line.epoch_ms))


def printed_lines(output: bytes) -> list[Line]:
    """Read what an engine tells of a container with its own times: `2026-11-23T00:39:01.439874193Z text`."""
    found = []
    for line in output.decode(errors="replace").split("\n"):
        moment, _, text = line.partition(" ")
        if text:
            found.append(Line(int(datetime.fromisoformat(moment).timestamp() * 1000), text))
    return found


def events(log: str, *, now_epoch_ms: int) -> list[dict[str, Any]]:
    """Write a log as CloudWatch Logs takes it; one that is not dated is dated now."""
    if isinstance(log, DatedLog):
        lines = log.dated_lines
    else:
        lines = [Line(now_epoch_ms, text) for text in log.split("\n") if text]
    return [{"timestamp": line.epoch_ms, "message": f"{line.text}\n"} for line in lines]
