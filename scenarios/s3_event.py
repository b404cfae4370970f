"""Events that scenarios send themselves, as S3 sends them, and those that Lambda has given up on."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from harness.deployment import Deployment
from harness.observe.failures import FailedEvent, read_failures
from harness.wait import wait_for


def object_created(bucket: str, *keys: str) -> dict[str, Any]:
    """Build one notification about several new objects, their keys encoded as AWS does it."""
    return {"Records": [_record(bucket, key) for key in keys]}


def invoke(deployment: Deployment, event: dict[str, Any]) -> dict[str, Any]:
    """Have the function serve an event while the caller waits; return its answer, or raise its error."""
    answer = deployment.aws.client("lambda").invoke(
        FunctionName=deployment.function_name, Payload=json.dumps(event)
    )
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise FunctionError(payload)
    return payload


def wait_until_given_up(
    deployment: Deployment, is_wanted: Callable[[FailedEvent], bool], *, timeout_seconds: float = 60.0
) -> FailedEvent:
    """Wait until the failure queue has the wanted event."""
    return wait_for(
        lambda: next(filter(is_wanted, read_failures(deployment)), None),
        lambda: f"expected the event in the failure queue, there are {read_failures(deployment)}",
        timeout_seconds=timeout_seconds,
    )


def let_one_fail(deployment: Deployment) -> None:
    """Send an event that is no notification, and wait until Lambda has used up its retries."""
    failing = {"control": str(uuid.uuid4())}
    deployment.aws.client("lambda").invoke(
        FunctionName=deployment.function_name, InvocationType="Event", Payload=json.dumps(failing)
    )
    wait_until_given_up(deployment, lambda failed: failed.event == failing)


class FunctionError(Exception):
    """Raised when the function did not return; its text is what Lambda answers then."""

    def __init__(self, payload: dict[str, Any]) -> None:
        super().__init__(f"{payload.get('errorType')}: {payload.get('errorMessage')}")


def _record(bucket: str, key: str) -> dict[str, Any]:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": quote_plus(key, safe="/")},
        },
    }
