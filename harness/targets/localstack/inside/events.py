"""Makes LocalStack's S3 notifications like AWS's: keys, sequencers, and which of them are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from localstack.services.s3 import notifications

from harness.targets.localstack.inside.notation import key_as_aws_encodes_it, sequencer
from harness.targets.localstack.inside.seams import wrap

if TYPE_CHECKING:
    from collections.abc import Callable


def send_as_aws_does() -> None:
    """Change what a notification says, and what its filter is compared with."""
    wrap(notifications.BaseNotifier, "_get_event_payload", ["ctx", "config_id"], _payload)
    wrap(notifications, "_matching_filter", ["notification_filter", "key_name"], _matching)


def _payload(original: Callable[..., Any], context: Any, configuration: str) -> Any:
    notification = original(context, configuration)
    for record in notification["Records"]:
        described = record["s3"]["object"]
        described["key"] = key_as_aws_encodes_it(described["key"])
        if "sequencer" in described:
            described["sequencer"] = sequencer(context.event_time)
    return notification


def _matching(original: Callable[..., Any], notification_filter: Any, encoded_key: str) -> Any:
    # LocalStack compares the encoded key with a filter that is not encoded.
    return original(notification_filter, unquote(encoded_key))
