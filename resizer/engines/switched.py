"""The encoder for each format that has its switches: one, whichever engine made the pixels."""

from __future__ import annotations

import io

from PIL import Image

from resizer.formats import OutputFormat
from resizer.switches import Encoding, Subsampling, Tune


def encode(mode: str, size: tuple[int, int], pixels: bytes, encoding: Encoding) -> bytes:
    """Write pixels, RGB or RGBA."""
    match encoding.format:
        case OutputFormat.WEBP:
            from resizer.engines import libwebp  # noqa: PLC0415  ctypes takes 2 ms, and the reference needs none

            return libwebp.encode(mode, size, pixels, encoding)
        case OutputFormat.AVIF:
            return _avif(Image.frombytes(mode, size, pixels), encoding)
        case OutputFormat.JPEG:
            return _mozjpeg(mode, size, pixels, encoding)


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


def _mozjpeg(mode: str, size: tuple[int, int], pixels: bytes, encoding: Encoding) -> bytes:
    """Write a JPEG with the switches that mozjpeg, which is libvips' libjpeg, adds."""
    import pyvips  # noqa: PLC0415  engines.prepare has imported it, and set it up, where a function needs it

    switches = encoding.switches
    image = pyvips.Image.new_from_memory(pixels, *size, len(mode), "uchar").copy(interpretation="srgb")
    written: bytes = image.jpegsave_buffer(
        Q=encoding.quality,
        subsample_mode="off" if switches.subsampling is Subsampling.ALL else "on",
        interlace=switches.progressive,
        optimize_coding=True,
        optimize_scans=switches.progressive,
        trellis_quant=switches.trellis,
        overshoot_deringing=switches.trellis,
        quant_table=switches.quant_table,
        background=[255, 255, 255],
        keep="none",
    )
    return written
