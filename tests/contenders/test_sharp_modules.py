"""The parts of the sharp contender that need no library."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fixtures.pictures import picture
from harness import process
from harness.package.function import FunctionFolder

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on PATH"),
]

_SETTINGS = {"BUCKET_NAME": "photos"}


@pytest.fixture(scope="session")
def sharp(project: Path) -> Path:
    return project / "contenders" / "sharp"


def _evaluate(folder: Path, module: str, function: str, *arguments: object) -> Any:  # noqa: ANN401  any JSON
    """Call a function of a module; an error that it throws is returned as its name and text."""
    script = f"""
        import {{ {function} }} from "./{module}.mjs";
        try {{ console.log(JSON.stringify({function}(...{json.dumps(arguments)}))); }}
        catch (error) {{ console.log(JSON.stringify(`${{error.name}}: ${{error.message}}`)); }}
    """
    return json.loads(process.run(["node", "--input-type=module", "--eval", script], cwd=folder))


def test_every_module_is_javascript(sharp: Path) -> None:
    for path in sharp.glob("*.mjs"):
        process.run(["node", "--check", str(path)])


def test_what_it_cannot_do_is_one_picture_and_scenarios_that_there_are(sharp: Path, project: Path) -> None:
    declared = FunctionFolder.load(sharp).cannot.keys() - {picture("bmp.bmp").name}

    scenarios = "".join(file.read_text() for file in (project / "scenarios").glob("*/test_*.py"))
    assert [name for name in declared if f"def {name}(" not in scenarios] == []


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("my+photo.jpg", "my photo.jpg"),
        ("a%2Bb.jpg", "a+b.jpg"),
        ("me+%281%29.jpg", "me (1).jpg"),
        ("%ED%94%84.jpg", "프.jpg"),
        ("100%25.jpg", "100%.jpg"),
        ("100%.jpg", "100%.jpg"),
    ],
)
def test_keys_are_decoded_as_s3_encodes_them(sharp: Path, encoded: str, key: str) -> None:
    assert _evaluate(sharp, "keys", "decodeKey", encoded) == key


@pytest.mark.parametrize(
    ("name", "thumbnail"),
    [
        ("me.jpg", "me.webp"),
        ("me.tar.jpg", "me.tar.webp"),
        ("me", "me.webp"),
        (".hidden", ".hidden.webp"),
        ("v1.2/me", "v1.2/me.webp"),
        ("a//b.jpg", "a//b.webp"),
        ("v1.2/.hidden", "v1.2/.hidden.webp"),
    ],
)
def test_a_thumbnail_s_key_is_the_original_s_with_another_extension(
    sharp: Path, name: str, thumbnail: str
) -> None:
    places = {"sourcePrefix": "in/", "destinationPrefix": "out/", "extension": ".webp"}

    assert _evaluate(sharp, "keys", "thumbnailKey", f"in/{name}", places) == f"out/{thumbnail}"


def test_the_defaults_are_the_contract_s(sharp: Path) -> None:
    assert _evaluate(sharp, "settings", "settingsFrom", _SETTINGS) == {
        "bucketName": "photos",
        "sourcePrefix": "members/profile/originals/",
        "destinationPrefix": "members/profile/resized/thumbnail/",
        "size": 150,
        "quality": 85,
        "effort": 6,
        "format": "webp",
        "extension": ".webp",
        "maxPixels": 100_000_000,
    }


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"BUCKET_NAME": ""}, "SettingsError: BUCKET_NAME: expected the name of a bucket"),
        ({"THUMBNAIL_QUALITY": "101"}, "THUMBNAIL_QUALITY: expected a whole number from 1 to 100, got '101'"),
        ({"THUMBNAIL_EFFORT": "7"}, "THUMBNAIL_EFFORT: expected a whole number from 0 to 6, got '7'"),
        ({"THUMBNAIL_SIZE": "1e2"}, "THUMBNAIL_SIZE: expected a whole number from 1 to 1,024, got '1e2'"),
        ({"THUMBNAIL_FORMAT": "png"}, "THUMBNAIL_FORMAT: expected one of webp, avif, jpeg, got 'png'"),
        ({"SOURCE_PREFIX": "in"}, "SOURCE_PREFIX: expected a prefix that ends in '/', got 'in'"),
        ({"SOURCE_PREFIX": "members/"}, "DestinationInsideSourceError: DESTINATION_PREFIX: expected a place"),
        ({"SOURCE_PREFIX": ""}, "DestinationInsideSourceError"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(sharp: Path, changed: dict[str, str], complaint: str) -> None:
    assert complaint in _evaluate(sharp, "settings", "settingsFrom", {**_SETTINGS, **changed})


def test_a_test_event_has_no_records(sharp: Path) -> None:
    assert _evaluate(sharp, "notification", "records", {"Event": "s3:TestEvent"}) == []


@pytest.mark.parametrize("event", [{}, None, {"Records": 1}, {"Records": [{"s3": {"bucket": {}}}]}])
def test_something_else_than_a_notification_is_an_error(sharp: Path, event: object) -> None:
    said = _evaluate(sharp, "notification", "records", event)

    assert said.startswith("NotANotificationError: expected an S3 notification, got ")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"bucket": "others"}, "bucket 'others' is not BUCKET_NAME 'photos'"),
        ({"key": "other/me.jpg"}, "the key is outside SOURCE_PREFIX 'in/'"),
        ({"key": "in/folder/"}, "a key that ends in '/' is a folder that a console made"),
        ({"event": "ObjectRemoved:Delete"}, "event 'ObjectRemoved:Delete' is no upload"),
    ],
)
def test_what_is_not_ours_is_skipped(sharp: Path, record: dict[str, str], reason: str) -> None:
    ours = {"bucket": "photos", "key": "in/me.jpg", "event": "ObjectCreated:Put"}
    settings = {"bucketName": "photos", "sourcePrefix": "in/"}

    assert _evaluate(sharp, "notification", "reasonToSkip", {**ours, **record}, settings) == reason


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("empty.jpg", "EmptyFileError"),
        ("text.jpg", "NotAnImageError"),
        ("vector.svg", "UnsupportedFormatError: expected JPEG, PNG, WebP, GIF, TIFF, AVIF, got an SVG"),
        ("heic-header.heic", "UnsupportedFormatError: expected JPEG, PNG, WebP, GIF, TIFF, AVIF, got HEIC"),
        ("bmp.bmp", "UnsupportedFormatError: expected JPEG, PNG, WebP, GIF, TIFF, AVIF, got a BMP"),
    ],
)
def test_what_is_not_read_is_recognised_by_its_first_bytes(sharp: Path, name: str, complaint: str) -> None:
    script = f"""
        import {{ readFileSync }} from "node:fs";
        import {{ recognise }} from "./formats.mjs";
        try {{ console.log(recognise(readFileSync({json.dumps(str(picture(name).path()))}))); }}
        catch (error) {{ console.log(`${{error.name}}: ${{error.message}}`); }}
    """

    said = process.run(["node", "--input-type=module", "--eval", script], cwd=sharp)

    assert said.startswith(complaint)
