"""Records in, one answer out: what is served, skipped, refused for good and raised."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from resizer.errors import DestinationInsideSourceError, NotANotificationError
from resizer.formats import OutputFormat
from resizer.settings import Settings
from tests.resizer.conftest import Log, MemoryStorage, notification, png, record

_DESTINATION = "members/profile/resized/thumbnail/"


def _body(answer: dict[str, Any]) -> Any:  # noqa: ANN401  whatever the JSON holds
    assert answer["statusCode"] == 200
    return json.loads(answer["body"])


def test_an_upload_becomes_a_thumbnail(
    handler: ModuleType, storage: MemoryStorage, settings: Settings
) -> None:
    original = png()
    key = storage.upload("7f-my photo (1).png", original)

    body = _body(handler.serve(notification(key), settings=settings, storage=storage))

    data, content_type = storage.thumbnails[f"{_DESTINATION}7f-my photo (1).webp"]
    assert body == {
        "original": key,
        "thumbnail": f"{_DESTINATION}7f-my photo (1).webp",
        "size": "150x150",
        "originalSize": len(original),
        "thumbnailSize": len(data),
    }
    assert content_type == "image/webp"
    assert Image.open(io.BytesIO(data)).size == (150, 150)


def test_the_log_has_one_line_for_each_picture(
    handler: ModuleType, storage: MemoryStorage, settings: Settings, log: Log
) -> None:
    key = storage.upload("a.png", png(30, 20))
    handler.serve(notification(key), settings=settings, storage=storage)

    (line,) = log.lines()
    times = {name: line.pop(name) for name in list(line) if name.endswith("_ms")}
    assert line == {
        "level": "info",
        "message": "thumbnail",
        "key": key,
        "thumbnail": f"{_DESTINATION}a.webp",
        "bytes_in": len(storage.originals[key]),
        "bytes_out": len(storage.thumbnails[f"{_DESTINATION}a.webp"][0]),
        "width": 30,
        "height": 20,
        "thumbnail_width": 150,
        "thumbnail_height": 150,
        "engine": "pillow",
    }
    assert list(times) == ["download_ms", "decode_ms", "resize_ms", "encode_ms", "upload_ms"]
    assert all(took >= 0 for took in times.values())


def test_the_log_says_when_s3_says_it_happened(
    handler: ModuleType, storage: MemoryStorage, settings: Settings, log: Log
) -> None:
    event = notification(storage.upload("a.png", png()), storage.upload("b.png", b"text"))
    for entry in event["Records"]:
        entry["eventTime"] = "2026-11-22T21:00:00.123Z"
    handler.serve(event, settings=settings, storage=storage)

    assert [line["event_time"] for line in log.lines()] == ["2026-11-22T21:00:00.123Z"] * 2


def test_every_record_is_served(handler: ModuleType, storage: MemoryStorage, settings: Settings) -> None:
    keys = [storage.upload(f"{number}.png", png()) for number in range(3)]

    body = _body(handler.serve(notification(*keys), settings=settings, storage=storage))

    assert [entry["original"] for entry in body] == keys
    assert len(storage.thumbnails) == 3


@pytest.mark.parametrize(
    ("skipped", "reason"),
    [
        pytest.param(
            record("members/profile/originals/a.png", bucket="other"),
            "'other' is not BUCKET_NAME",
            id="bucket",
        ),
        pytest.param(record("members/banner/a.png"), "outside SOURCE_PREFIX", id="prefix"),
        pytest.param(record("members/profile/originals/2024/"), "folder", id="folder"),
        pytest.param(
            record("members/profile/originals/a.png", event="ObjectRemoved:Delete"), "no upload", id="removal"
        ),
    ],
)
def test_what_is_not_ours_is_skipped_and_logged(  # noqa: PLR0913, PLR0917  fixtures
    handler: ModuleType,
    storage: MemoryStorage,
    settings: Settings,
    log: Log,
    skipped: dict[str, Any],
    reason: str,
) -> None:
    storage.upload("a.png", png())

    body = _body(handler.serve({"Records": [skipped]}, settings=settings, storage=storage))

    (line,) = log.lines()
    assert reason in body["reason"]
    assert line == {"level": "info", "message": "skipped", "key": body["skipped"], "reason": body["reason"]}
    assert not storage.thumbnails


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "photos"}, id="test event"),
        pytest.param({"Records": []}, id="no records"),
    ],
)
def test_an_event_without_records_is_a_success(
    handler: ModuleType, storage: MemoryStorage, settings: Settings, event: dict[str, Any]
) -> None:
    assert _body(handler.serve(event, settings=settings, storage=storage)) == []


@pytest.mark.parametrize(
    ("event", "came"),
    [
        pytest.param({}, "without 'Records'", id="empty"),
        pytest.param({"Records": [{"Sns": {}}]}, "without 's3'", id="from SNS"),
        pytest.param({"Records": "s3"}, "another shape", id="text"),
        pytest.param([], "another shape", id="list"),
    ],
)
def test_what_is_no_notification_is_raised_in_one_line(
    handler: ModuleType, storage: MemoryStorage, settings: Settings, event: dict[str, Any], came: str
) -> None:
    with pytest.raises(NotANotificationError, match=came) as raised:
        handler.serve(event, settings=settings, storage=storage)

    assert "\n" not in str(raised.value)


def test_a_permanent_error_is_the_answer_and_a_line_in_the_log(
    handler: ModuleType, storage: MemoryStorage, settings: Settings, log: Log
) -> None:
    key = storage.upload("a.jpg", b"not a picture at all")

    body = _body(handler.serve(notification(key), settings=settings, storage=storage))

    (line,) = log.lines()
    assert body == {"error": {"type": "NotAnImage", "message": body["error"]["message"], "key": key}}
    assert line == {
        "level": "error",
        "message": "refused",
        "key": key,
        "type": "NotAnImage",
        "reason": body["error"]["message"],
    }
    assert not storage.thumbnails


def test_an_original_that_is_gone_is_not_retried(
    handler: ModuleType, storage: MemoryStorage, settings: Settings
) -> None:
    body = _body(
        handler.serve(notification("members/profile/originals/a.jpg"), settings=settings, storage=storage)
    )

    assert body["error"]["type"] == "OriginalMissing"


@pytest.mark.parametrize("failure", [TimeoutError("S3 is slow"), MemoryError(), RuntimeError("unforeseen")])
def test_a_transient_error_is_raised_after_the_others_were_served(
    handler: ModuleType, storage: MemoryStorage, settings: Settings, log: Log, failure: Exception
) -> None:
    keys = [storage.upload(f"{number}.png", png()) for number in range(3)]
    storage.failing[keys[1]] = failure

    with pytest.raises(type(failure)) as raised:
        handler.serve(notification(*keys), settings=settings, storage=storage)

    assert raised.value is failure
    assert sorted(storage.thumbnails) == [f"{_DESTINATION}0.webp", f"{_DESTINATION}2.webp"]
    assert [line["level"] for line in log.lines()] == ["info", "error", "info"]


def test_serving_twice_gives_the_same_thumbnail(
    handler: ModuleType, storage: MemoryStorage, settings: Settings
) -> None:
    key = storage.upload("a.png", png())
    handler.serve(notification(key), settings=settings, storage=storage)
    first = dict(storage.thumbnails)
    handler.serve(notification(key), settings=settings, storage=storage)

    assert storage.thumbnails == first


@pytest.mark.parametrize(
    ("output", "extension"),
    [(OutputFormat.WEBP, ".webp"), (OutputFormat.AVIF, ".avif"), (OutputFormat.JPEG, ".jpg")],
)
def test_the_format_decides_extension_and_content_type(
    handler: ModuleType, storage: MemoryStorage, settings: Settings, output: OutputFormat, extension: str
) -> None:
    key = storage.upload("a.png", png())
    handler.serve(notification(key), settings=replace(settings, format=output, size=16), storage=storage)

    ((name, (data, content_type)),) = storage.thumbnails.items()
    assert name == f"{_DESTINATION}a{extension}"
    assert content_type == f"image/{output}"
    assert Image.open(io.BytesIO(data)).format == output.name


def test_lambda_calls_it_with_the_environments_settings(
    handler: ModuleType, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "_storage", storage)
    key = storage.upload("a.png", png())

    assert _body(handler.handle(notification(key), None))["original"] == key


def test_wrong_settings_stop_it_while_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKET_NAME", "photos")
    monkeypatch.setenv("SOURCE_PREFIX", "a/")
    monkeypatch.setenv("DESTINATION_PREFIX", "a/b/")
    monkeypatch.delitem(sys.modules, "resizer.handler", raising=False)

    with pytest.raises(DestinationInsideSourceError, match=r"SOURCE_PREFIX 'a/', got 'a/b/'"):
        importlib.import_module("resizer.handler")


@pytest.mark.integration
def test_a_start_logs_its_settings(project: Path) -> None:
    environment = {"BUCKET_NAME": "photos", "AWS_REGION": "eu-central-1", "THUMBNAIL_QUALITY": "70"}
    done = subprocess.run(
        [sys.executable, "-c", "import resizer.handler"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    line = json.loads(done.stdout)
    assert line["message"] == "started"
    assert line["settings"]["quality"] == 70
    assert line["settings"]["effort"] == 6
