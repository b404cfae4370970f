from __future__ import annotations

import io

import pytest
from PIL import Image

from benchmarks.bench.quality import lossless_thumbnail, score
from fixtures.pictures import READABLE, Picture, picture
from fixtures.similarity import assert_similar


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in READABLE])
def test_the_lossless_thumbnail_is_the_picture(entry: Picture) -> None:
    with Image.open(entry.expected_path()) as expected:
        assert_similar(lossless_thumbnail(entry.data()), expected, tolerance=entry.tolerance)


def _encoded(image: Image.Image, *, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=quality)
    return file.getvalue()


def test_a_lower_quality_gets_a_lower_score() -> None:
    lossless = lossless_thumbnail(picture("photo-smooth.jpg").data())
    scores = [score(_encoded(lossless, quality=quality), lossless) for quality in (40, 70, 95)]

    assert scores == sorted(scores)
    assert scores[2] - scores[0] > 10


def test_what_is_invisible_does_not_count() -> None:
    lossless = lossless_thumbnail(picture("png-alpha.png").data())
    other = Image.composite(
        lossless,
        Image.new("RGBA", lossless.size, (0, 255, 0, 0)),
        lossless.getchannel("A").point(lambda level: 255 if level else 0),
    )
    file = io.BytesIO()
    other.save(file, "PNG")

    assert lossless.tobytes() != other.tobytes()
    assert score(file.getvalue(), lossless) == pytest.approx(100, abs=0.1)


def test_the_lossless_thumbnail_itself_scores_100() -> None:
    lossless = lossless_thumbnail(picture("png-alpha.png").data())
    file = io.BytesIO()
    lossless.save(file, "PNG")

    assert score(file.getvalue(), lossless) == pytest.approx(100, abs=0.1)
