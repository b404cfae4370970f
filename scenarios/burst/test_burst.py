"""Many people at once."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageDraw

from fixtures.similarity import assert_similar
from harness.application import Application

_UPLOADS = 40


def test_forty_uploads_at_once_give_forty_thumbnails_each_of_its_own_original(
    application: Application,
) -> None:
    """Forty uploads at once give forty thumbnails, each of its own original."""
    originals = [_picture(number) for number in range(_UPLOADS)]

    with ThreadPoolExecutor(max_workers=_UPLOADS) as people:
        uploads = list(people.map(lambda original: application.upload(_jpeg(original), "me.jpg"), originals))
        thumbnails = list(people.map(application.wait_until_ready, uploads))

    assert len({thumbnail.key for thumbnail in thumbnails}) == _UPLOADS
    for original, thumbnail in zip(originals, thumbnails, strict=True):
        with Image.open(io.BytesIO(thumbnail.data)) as image:
            assert_similar(image, original.resize((150, 150), Image.Resampling.BOX), tolerance=6)


def _picture(number: int) -> Image.Image:
    # The bits of its number as bars: no two are alike.
    picture = Image.new("RGB", (600, 600), (230, 230, 230))
    draw = ImageDraw.Draw(picture)
    for bit in range(6):
        if number >> bit & 1:
            draw.rectangle((100 * bit, 0, 100 * bit + 99, 599), fill=(40, 70, 120))
    return picture


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()
