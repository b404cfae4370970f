"""The reference photo's way through the pipeline."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fixtures.pictures import picture
from harness.application import Application
from harness.targets.base import Target
from scenarios.journal import ApplicationOf, Journal

_WARM_UPLOADS = 15


@pytest.fixture(scope="module")
def photo() -> bytes:
    """The 12-megapixel reference photo."""
    return picture("reference.jpg").data()


def test_the_reference_photo_becomes_its_thumbnail(application: Application, photo: bytes) -> None:
    """The reference photo becomes its thumbnail."""
    thumbnail = application.wait_until_ready(application.upload(photo, "me.jpg"))

    with Image.open(io.BytesIO(thumbnail.data)) as image:
        assert (image.format, image.size) == ("WEBP", (150, 150))
    assert thumbnail.content_type == "image/webp"
    assert thumbnail.cache_control == "max-age=31536000"


def test_3_1_megabytes_become_7_to_9_kilobytes(application: Application, photo: bytes) -> None:
    """3.1 megabytes become 7 to 9 kilobytes."""
    thumbnail = application.wait_until_ready(application.upload(photo, "me.jpg"))

    assert len(photo) == pytest.approx(3_100_000, rel=0.03)
    assert 7_000 <= len(thumbnail.data) <= 9_000


@pytest.mark.parametrize("name", ["reference.jpg", "gps.jpg", "wide-gamut-p3.jpg"])
def test_no_metadata_of_the_original_is_in_the_thumbnail(application: Application, name: str) -> None:
    """The thumbnail holds no metadata of its original."""
    thumbnail = application.wait_until_ready(application.upload(picture(name).data(), name))

    chunks = _riff_chunks(thumbnail.data)
    assert not chunks & {b"EXIF", b"XMP ", b"ICCP"}
    assert chunks & {b"VP8 ", b"VP8L"}


def test_an_upload_answers_before_its_thumbnail_exists(application: Application, photo: bytes) -> None:
    """An upload returns before its thumbnail exists."""
    upload = application.upload(photo, "me.jpg")
    at_once = application.find(upload)
    thumbnail = application.wait_until_ready(upload)

    assert at_once is None
    assert thumbnail.key == upload.thumbnail_key
    assert upload.accepted_seconds < thumbnail.visible_seconds


def test_a_first_upload_starts_the_function(
    target: Target, application_of: ApplicationOf, journal: Journal, photo: bytes
) -> None:
    """A first upload starts the function."""
    fresh = application_of(target.deploy())

    thumbnail = fresh.wait_until_ready(fresh.upload(photo, "me.jpg"))

    journal.cold_seconds.append(thumbnail.visible_seconds)
    assert 7_000 <= len(thumbnail.data) <= 9_000


def test_later_uploads_find_it_running(application: Application, journal: Journal, photo: bytes) -> None:
    """Later uploads find the function running."""
    application.wait_until_ready(application.upload(photo, "me.jpg"))

    thumbnails = [
        application.wait_until_ready(application.upload(photo, "me.jpg")) for _ in range(_WARM_UPLOADS)
    ]

    journal.warm_seconds.extend(thumbnail.visible_seconds for thumbnail in thumbnails)
    assert len({thumbnail.data for thumbnail in thumbnails}) == 1


def _riff_chunks(data: bytes) -> set[bytes]:
    # https://developers.google.com/speed/webp/docs/riff_container: 12 bytes of header, then chunks,
    # each padded to an even size.
    names, position = set(), 12
    while position + 8 <= len(data):
        names.add(data[position : position + 4])
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + size + size % 2
    return names
