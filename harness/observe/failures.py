"""Looks into the queue that takes the events Lambda has given up on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from harness.deployment import Deployment

_MOST_RECEIVES = 20


@dataclass(frozen=True, kw_only=True)
class FailedEvent:
    """An event that used up its attempts; `error` is the last attempt's payload."""

    event: Any
    keys: tuple[str, ...]
    error: dict[str, Any]


def read_failures(deployment: Deployment) -> list[FailedEvent]:
    """Read the queue's messages and leave them there."""
    sqs = deployment.aws.client("sqs")
    found: dict[str, FailedEvent] = {}
    for _ in range(_MOST_RECEIVES):
        answer = sqs.receive_message(
            QueueUrl=deployment.failure_queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        new = {message["MessageId"]: message["Body"] for message in answer.get("Messages", [])}
        # With nothing hidden, a queue gives its first messages again and again.
        if not new.keys() - found.keys():
            break
        found |= {name: _parse(body) for name, body in new.items()}
    return list(found.values())


def _parse(body: str) -> FailedEvent:
    message = json.loads(body)
    event = message.get("requestPayload") or {}
    records = event.get("Records", [])
    return FailedEvent(
        event=event,
        keys=tuple(unquote_plus(record["s3"]["object"]["key"]) for record in records),
        error=message.get("responsePayload") or {},
    )
