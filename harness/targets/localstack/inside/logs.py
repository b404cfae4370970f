"""Writes a function's log with the lines' own dates."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation import logs
from localstack.utils.aws.client_types import ServicePrincipal

from harness.targets.localstack.inside.dating import events
from harness.targets.localstack.inside.seams import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


def write_dated_lines() -> None:
    """Take over the loop in which LocalStack writes the log."""
    wrap(logs.LogHandler, "run_log_loop", ["self"], _run)


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
    lines = events(item.logs, now_epoch_ms=int(time.time() * 1000))
    try:
        client.put_log_events(**stream, logEvents=lines)
    except client.exceptions.ResourceNotFoundException:
        with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_group(logGroupName=item.log_group)
        client.create_log_stream(**stream)
        client.put_log_events(**stream, logEvents=lines)
