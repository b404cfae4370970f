"""The encoder for each format that has its switches: one, whoever made the pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from resizer.formats import OutputFormat
from resizer.switches import Tune

if TYPE_CHECKING:
    from resizer.engines.base import Encoding


def encode(mode: str, size: tuple[int, int], pixels: bytes, encoding: Encoding) -> bytes:
    """Write pixels, RGB or RGBA."""
    if encoding.format is OutputFormat.WEBP:
        from resizer.engines import libwebp  # noqa: PLC0415  ctypes takes 2 ms, and the reference needs none

        return libwebp.encode(mode, size, pixels, encoding)
    if encoding.format is OutputFormat.AVIF:
        return _avif(Image.frombytes(mode, size, pixels), encoding)
    from resizer.engines.vips import VipsSmall  # noqa: PLC0415  as engines.prepare tells

    return VipsSmall.from_pixels(mode, size, pixels).encode(encoding)


def _avif(image: Image.Image, encoding: Encoding) -> bytes:
    tune = encoding.switches.tune
    output = io.BytesIO()
    image.save(
        output,
        "AVIF",
        quality=encoding.quality,
        speed=9 - encoding.effort,
        max_threads=1,
        subsampling=encoding.switches.subsampling.value,
        advanced=None if tune is Tune.DEFAULT else {"tune": tune.value},
    )
    return output.getvalue()
