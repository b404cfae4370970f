"""What S3 notifies the function of: which objects were created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from resizer.errors import NotANotificationError


@dataclass(frozen=True, kw_only=True)
class Record:
    """One object that something happened to; `time` is when it did, if S3 says so."""

    bucket: str
    key: str
    event: str
    time: str = ""


def records(event: Mapping[str, Any]) -> list[Record]:
    """List the records of a notification; a test event, sent when a notification is set up, has none."""
    try:
        if event.get("Event") == "s3:TestEvent":
            return []
        return [_record(entry) for entry in event["Records"]]
    except KeyError as exc:
        raise NotANotificationError(f"an event without {exc}") from exc
    except (TypeError, AttributeError) as exc:
        raise NotANotificationError("an event of another shape") from exc


def _record(entry: Mapping[str, Any]) -> Record:
    return Record(
        bucket=entry["s3"]["bucket"]["name"],
        # A space comes as `+`, the rest percent-encoded.
        key=unquote_plus(entry["s3"]["object"]["key"]),
        event=entry.get("eventName", "ObjectCreated:"),
        time=entry.get("eventTime", ""),
    )
