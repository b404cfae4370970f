"""What Lambda calls: the records of a notification in, one answer out.

A record ends in one of four ways: served, skipped, refused for good (the answer says why, and nothing is
retried) or failed for now (raised, after the other records were served, so that Lambda tries again).
Serving twice does no harm: the same original gives the same thumbnail.
The log has one JSON object a line, whose fields CloudWatch finds.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from resizer import engines, pipeline
from resizer.errors import PermanentError
from resizer.notification import Record, records
from resizer.settings import Settings
from resizer.storage import S3Storage, Storage

Answer = dict[str, Any]


def _log(level: Literal["info", "error"], message: str, **fields: str | float | Mapping[str, object]) -> None:
    """Write one line; the runtime passes the standard output on to the log."""
    # Not print: a line and its end in one write cannot be torn apart.
    sys.stdout.write(json.dumps({"level": level, "message": message, **fields}) + "\n")
    sys.stdout.flush()


# At import, so that wrong settings stop the function while it starts, and a warm one finds its connection.
_settings = Settings.from_env(os.environ)
_storage = S3Storage(_settings.bucket_name)
engines.prepare(_settings.engine, _settings.encoding)
# Once for each start, so that the log says by what settings the thumbnails were made.
_log("info", "started", settings=asdict(_settings))


def handle(event: Mapping[str, Any], context: object) -> Answer:
    """Serve every record of an S3 notification."""
    del context
    return serve(event, settings=_settings, storage=_storage)


def serve(event: Mapping[str, Any], *, settings: Settings, storage: Storage) -> Answer:
    """Serve every record; raise the first error that a retry may cure once all have had their turn."""
    answers: list[Answer] = []
    failures: list[Exception] = []
    for record in records(event):
        try:
            answers.append(_serve_record(record, settings, storage))
        except Exception as exc:  # noqa: BLE001  whatever it is, the other records are served first
            _log("error", "failed, to be retried", key=record.key, reason=f"{type(exc).__name__}: {exc}")
            failures.append(exc)
    if failures:
        raise failures[0]
    return {"statusCode": 200, "body": json.dumps(answers[0] if len(answers) == 1 else answers)}


def _serve_record(record: Record, settings: Settings, storage: Storage) -> Answer:
    if reason := _reason_to_skip(record, settings):
        _log("info", "skipped", key=record.key, reason=reason)
        return {"skipped": record.key, "reason": reason}
    try:
        result = pipeline.serve(record.key, settings=settings, storage=storage)
    except PermanentError as exc:
        _log("error", "refused", key=record.key, type=exc.type, reason=str(exc), **_when(record))
        return {"error": {"type": exc.type, "message": str(exc), "key": record.key}}
    _log_result(result, record, settings)
    return {
        "original": result.original,
        "thumbnail": result.thumbnail,
        "size": f"{settings.size}x{settings.size}",
        "originalSize": result.original_bytes,
        "thumbnailSize": len(result.rendered.data),
        **_further(result, settings),
    }


def _reason_to_skip(record: Record, settings: Settings) -> str | None:
    if record.bucket != settings.bucket_name:
        return f"bucket {record.bucket!r} is not BUCKET_NAME {settings.bucket_name!r}"
    if not record.key.startswith(settings.source_prefix):
        return f"the key is outside SOURCE_PREFIX {settings.source_prefix!r}"
    if record.key.endswith("/"):
        return "a key that ends in '/' is a folder that a console made"
    if not record.event.removeprefix("s3:").startswith("ObjectCreated:"):
        return f"event {record.event!r} is no upload"
    return None


def _when(record: Record) -> dict[str, str]:
    return {"event_time": record.time} if record.time else {}


def _further(result: pipeline.Result, settings: Settings) -> Answer:
    """List the sizes beside the thumbnail; where there are none, answer and log are the contract's."""
    sizes = {
        size.name: {
            "key": result.keys[size.name],
            "size": f"{size.pixels}x{size.pixels}",
            "bytes": len(result.rendered.files[size.name]),
        }
        for size in settings.further_sizes
    }
    return {"sizes": sizes} if sizes else {}


def _log_result(result: pipeline.Result, record: Record, settings: Settings) -> None:
    _log(
        "info",
        "thumbnail",
        key=result.original,
        thumbnail=result.thumbnail,
        bytes_in=result.original_bytes,
        bytes_out=len(result.rendered.data),
        width=result.rendered.width,
        height=result.rendered.height,
        thumbnail_width=settings.size,
        thumbnail_height=settings.size,
        engine=result.rendered.engine,
        **_when(record),
        **_further(result, settings),
        **{f"{step}_ms": took for step, took in result.milliseconds.items()},
    )
