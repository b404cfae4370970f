"""Names that people give their photos: each thumbnail lands at its own place, and at no other's."""

from __future__ import annotations

import colorsys
import io
import uuid

import pytest
from PIL import Image

from harness.application import Application
from harness.deployment import Deployment

# Each original's name, and its thumbnail's, spelled out: the rule is not computed here a second time.
_NAMES = [
    pytest.param("my photo.jpg", "my photo.webp", id="space"),
    pytest.param("two  spaces.jpg", "two  spaces.webp", id="two-spaces"),
    pytest.param("a+b.jpg", "a+b.webp", id="plus"),
    pytest.param("a%2Bb.jpg", "a%2Bb.webp", id="percent-2B"),
    pytest.param("100%.jpg", "100%.webp", id="percent"),
    pytest.param("me (1).jpg", "me (1).webp", id="parentheses"),
    pytest.param("프로필 사진.jpg", "프로필 사진.webp", id="korean"),
    pytest.param("me 😀🏔️.jpg", "me 😀🏔️.webp", id="emoji"),
    pytest.param("Zoë & Søn, #1?.jpg", "Zoë & Søn, #1?.webp", id="punctuation"),
    pytest.param('quote\'s "best".jpg', 'quote\'s "best".webp', id="quotes"),
    pytest.param("ME.JPG", "ME.webp", id="upper-case"),
    pytest.param("me.tar.jpg", "me.tar.webp", id="double-extension"),
    pytest.param("me.jpg.jpg", "me.jpg.webp", id="same-extension-twice"),
    pytest.param("me", "me.webp", id="no-extension"),
    pytest.param("me.webp", "me.webp", id="already-webp"),
    pytest.param(".hidden", ".hidden.webp", id="leading-dot"),
    pytest.param("2026/11/me.jpg", "2026/11/me.webp", id="sub-folders"),
    pytest.param("v1.2/me", "v1.2/me.webp", id="dot-in-a-folder"),
    pytest.param("a//b.jpg", "a//b.webp", id="empty-folder-name"),
    pytest.param("e\u0301.jpg", "e\u0301.webp", id="decomposed-accent"),
    pytest.param("\u00e9.jpg", "\u00e9.webp", id="composed-accent"),
]


@pytest.mark.parametrize(("name", "thumbnail_name"), _NAMES)
def test_a_thumbnail_lands_where_its_original_s_name_says(
    application: Application, deployment: Deployment, name: str, thumbnail_name: str
) -> None:
    """A thumbnail lands where its original's name says."""
    folder = f"{uuid.uuid4()}/"
    colour = _colour_of(name)

    upload = application.put(f"{deployment.source_prefix}{folder}{name}", _plain_png(colour))
    thumbnail = application.wait_until_ready(upload)

    assert _stored_below(deployment, folder) == [f"{deployment.destination_prefix}{folder}{thumbnail_name}"]
    assert thumbnail.key == f"{deployment.destination_prefix}{folder}{thumbnail_name}"
    assert _colour_in(thumbnail.data) == pytest.approx(colour, abs=6)


def test_no_thumbnail_lands_at_another_s_place(application: Application, deployment: Deployment) -> None:
    """No thumbnail lands in another one's place."""
    folder = f"{uuid.uuid4()}/"
    # Names that become each other when a key is decoded once too often, or once too little.
    names = ["a b.png", "a+b.png", "a%20b.png", "a%2Bb.png", "a%252Bb.png"]

    uploads = [
        application.put(f"{deployment.source_prefix}{folder}{name}", _plain_png(_colour_of(name)))
        for name in names
    ]
    colours = [_colour_in(application.wait_until_ready(upload).data) for upload in uploads]

    assert colours == [pytest.approx(_colour_of(name), abs=6) for name in names]
    assert len(_stored_below(deployment, folder)) == len(names)


def _stored_below(deployment: Deployment, folder: str) -> list[str]:
    found = deployment.aws.client("s3").list_objects_v2(
        Bucket=deployment.bucket, Prefix=f"{deployment.destination_prefix}{folder}"
    )
    return [entry["Key"] for entry in found.get("Contents", [])]


def _colour_of(name: str) -> tuple[int, int, int]:
    hue = sum((index + 1) * ord(letter) for index, letter in enumerate(name)) * 0.618034 % 1
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.7, 0.8)
    return round(red * 255), round(green * 255), round(blue * 255)


def _plain_png(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (200, 160), colour).save(file, "PNG")
    return file.getvalue()


def _colour_in(thumbnail: bytes) -> tuple[int, ...]:
    with Image.open(io.BytesIO(thumbnail)) as image:
        pixel = image.convert("RGB").getpixel((75, 75))
    assert isinstance(pixel, tuple)
    return tuple(int(value) for value in pixel)
