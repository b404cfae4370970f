"""Dates each line of a function's log by when it was printed, as the engine saw it.

LocalStack gives all lines of an invocation the time at which it stored them, and has none of one whose
runtime was killed.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, Self

from harness.targets.localstack.inside.seams import Seam, find, wrap

_log = logging.getLogger(__name__)

_LOGS = "localstack.services.lambda_.invocation.logs"


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

    If the log has more lines than were seen printed, it is kept instead, dated by the invocation's end.
    """
    start, closing, logged = [], [], []
    for text in filter(None, log.split("\n")):
        if text.startswith(f"START RequestId: {request_id}"):
            start.append(text)
        elif text.startswith((f"END RequestId: {request_id}", f"REPORT RequestId: {request_id}")):
            closing.append(text)
        else:
            logged.append(text)
    if not {line.text for line in printed}.issuperset(logged):
        printed = [Line(ended_epoch_ms, text) for text in logged]
    over_epoch_ms = max([ended_epoch_ms, *(line.epoch_ms for line in printed)])
    lines = [
        *(Line(began_epoch_ms, text) for text in start),
        *printed,
        *(Line(over_epoch_ms, text) for text in closing),
    ]
    # What the initialisation prints comes before the start, as on Lambda.
    return DatedLog.of(sorted(lines, key=lambda line: line.epoch_ms))


def printed_lines(output: bytes) -> list[Line]:
    """Read a container's output with the engine's own times: `2026-11-23T00:39:01.439874193Z text`."""
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


def write_dated_lines() -> None:
    """Take over the loop in which LocalStack writes the log."""
    connect_to = find("localstack.aws.connect:connect_to")
    principal = find("localstack.utils.aws.client_types:ServicePrincipal.lambda_")
    shutdown = find(f"{_LOGS}:QUEUE_SHUTDOWN")

    def run(_original: Callable[..., Any], handler: Any, *_: Any, **__: Any) -> None:
        role = {"role_arn": handler.role_arn, "region_name": handler.region}
        client = connect_to.with_assumed_role(**role, service_principal=principal).logs
        while (item := handler.log_queue.get()) is not shutdown:
            try:
                _put(client, item)
            except Exception:  # noqa: BLE001  the log of one invocation must not end that of the next
                _log.exception("the log of %s was not stored", item.log_group)

    wrap(Seam(f"{_LOGS}:LogHandler.run_log_loop", ["self"], run))


def _put(client: Any, item: Any) -> None:
    stream = {"logGroupName": item.log_group, "logStreamName": item.log_stream}
    lines = events(item.logs, now_epoch_ms=int(time.time() * 1000))
    try:
        client.put_log_events(**stream, logEvents=lines)
    except client.exceptions.ResourceNotFoundException:
        with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_group(logGroupName=item.log_group)
        client.create_log_stream(**stream)
        client.put_log_events(**stream, logEvents=lines)
