"""Writes a function's log with the time at which each invocation began.

LocalStack gives all lines of an invocation the time at which it stored them.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any, Self

from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation import logs
from localstack.utils.aws.client_types import ServicePrincipal

from harness.localstack.inside.seams import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


class DatedLog(str):
    """A log that knows when its invocation began; LocalStack hands it on as the text that it is."""

    __slots__ = ("began_epoch_ms",)
    began_epoch_ms: int

    @classmethod
    def of(cls, text: str, *, began_epoch_seconds: float) -> Self:
        """Date a log."""
        dated = cls(text)
        dated.began_epoch_ms = int(began_epoch_seconds * 1000)
        return dated


def write_dated_lines() -> None:
    """Take over the loop in which LocalStack writes the log."""
    wrap(logs.LogHandler, "run_log_loop", ["self"], _run)


def events(log: str, *, now_epoch_ms: int) -> list[dict[str, Any]]:
    """Date the lines: the first when the invocation began, the others when it was over."""
    lines = [line for line in log.split("\n") if line]
    began_epoch_ms = log.began_epoch_ms if isinstance(log, DatedLog) else now_epoch_ms
    return [
        {"timestamp": now_epoch_ms if number else began_epoch_ms, "message": f"{line}\n"}
        for number, line in enumerate(lines)
    ]


def _run(_original: Callable[..., Any], handler: Any, *_: Any, **__: Any) -> None:
    role = {"role_arn": handler.role_arn, "region_name": handler.region}
    client = connect_to.with_assumed_role(**role, service_principal=ServicePrincipal.lambda_).logs
    while (item := handler.log_queue.get()) is not logs.QUEUE_SHUTDOWN:
        try:
            _put(client, item)
        except Exception:  # noqa: BLE001  the log of one invocation must not end that of the next
            _log.exception("the log of %s was not stored", item.log_group)


def _put(client: Any, item: Any) -> None:
    stream = {"logGroupName": item.log_group, "logStreamName": item.log_stream}
    dated = events(item.logs, now_epoch_ms=int(time.time() * 1000))
    try:
        client.put_log_events(**stream, logEvents=dated)
    except client.exceptions.ResourceNotFoundException:
        with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_group(logGroupName=item.log_group)
        client.create_log_stream(**stream)
        client.put_log_events(**stream, logEvents=dated)
