from __future__ import annotations

import io

import pytest
from PIL import Image

from benchmarks.report.gate_page import TIMES, difference


def _thumbnail(colour: tuple[int, ...], size: tuple[int, int] = (16, 16)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA" if len(colour) > 3 else "RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def _shown(then: bytes, now: bytes) -> tuple[int, ...]:
    found = difference(then, now)
    assert found is not None
    with Image.open(io.BytesIO(found)) as image:
        pixel = image.convert("RGB").getpixel((8, 8))
    assert isinstance(pixel, tuple)
    return pixel


def test_a_difference_is_enlarged() -> None:
    shown = _shown(_thumbnail((100, 100, 100)), _thumbnail((110, 110, 110)))

    assert shown == pytest.approx((10 * TIMES,) * 3, abs=2)


@pytest.mark.parametrize(
    ("then", "now"),
    [
        pytest.param((100, 150, 200), (100, 150, 200), id="opaque"),
        pytest.param((100, 150, 200, 90), (100, 150, 200, 90), id="half-transparent"),
        pytest.param((255, 0, 0, 0), (0, 255, 0, 0), id="what-nobody-sees"),
    ],
)
def test_what_looks_the_same_is_black(then: tuple[int, ...], now: tuple[int, ...]) -> None:
    assert _shown(_thumbnail(then), _thumbnail(now)) == (0, 0, 0)


def test_pictures_of_unequal_sizes_have_none() -> None:
    assert difference(_thumbnail((1, 2, 3)), _thumbnail((1, 2, 3), (16, 15))) is None
