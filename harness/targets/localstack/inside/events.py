"""Makes LocalStack's S3 notifications like AWS's: keys, sequencers, and which of them are sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, unquote

from harness.targets.localstack.inside.seams import Seam, wrap

_NOTIFICATIONS = "localstack.services.s3.notifications"


def send_as_aws_does() -> None:
    """Change what a notification says, and what its filter is compared with."""
    wrap(
        Seam(f"{_NOTIFICATIONS}:BaseNotifier._get_event_payload", ["ctx", "config_id"], _payload),
        Seam(f"{_NOTIFICATIONS}:_matching_filter", ["notification_filter", "key_name"], _matching),
    )


def key_as_aws_encodes_it(encoded_key: str) -> str:
    """Encode a key as AWS does (a space as `+`) that LocalStack has encoded its way (`%20`)."""
    return quote_plus(unquote(encoded_key), safe="/")


def sequencer(moment: datetime) -> str:
    """Return hexadecimal digits of equal count that are the greater the later an object was put."""
    return f"{round(moment.timestamp() * 1_000_000):018X}"


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
