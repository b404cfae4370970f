"""What differs between two thumbnails, made visible."""

from __future__ import annotations

import io

from PIL import Image, ImageChops

TIMES = 8

# Between the dark and the light pages that a transparent thumbnail may lie on.
_PAGE = (128, 128, 128, 255)
_QUALITY = 80


def difference(then: bytes, now: bytes) -> bytes | None:
    """Give a picture of the differences, each several times as large; None for those of unequal sizes."""
    before, after = _on_page(then), _on_page(now)
    if before.size != after.size:
        return None
    enlarged = ImageChops.difference(before, after).point(lambda level: min(255, level * TIMES))
    buffer = io.BytesIO()
    enlarged.save(buffer, "WEBP", quality=_QUALITY)
    return buffer.getvalue()


def _on_page(thumbnail: bytes) -> Image.Image:
    with Image.open(io.BytesIO(thumbnail)) as image:
        page = Image.new("RGBA", image.size, _PAGE)
        return Image.alpha_composite(page, image.convert("RGBA")).convert("RGB")
