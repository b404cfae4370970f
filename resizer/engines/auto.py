"""The best engine for each picture, chosen by its header.

The choice stands on `nox -s engines` (one core, warm), whose table is in docs/performance.md:

- Pillow reads JPEG and AVIF faster at any size, and needs no more memory for it: libjpeg scales while it
  decodes in both engines, and in both the coefficients of a progressive picture are held whole.
- libvips takes 2 to 3 ms before it starts, so Pillow wins every small picture. What can flow through row by
  row (PNG, TIFF) or is scaled while it is decoded (WebP) is libvips' from a size on: the numbers below are
  where the two were equally fast.
- Pillow holds 5 to 16 bytes a pixel, for which 512 MB have no room in a large picture; libvips holds rows.
  Where even the better choice has no room, the other engine may (resizer/footprint.py).

Whichever decodes, Pillow encodes: the libwebp in its wheel writes the same bytes in four fifths of the time.
"""

from __future__ import annotations

from resizer.footprint import Decoder
from resizer.formats import Format
from resizer.header import Header, PngColour

# From here on Pillow might need more than half of 512 MB, whatever it is.
_LARGE_PIXELS = 25_000_000

_PNG_COLOUR_PIXELS = 200_000
_PNG_PLAIN_PIXELS = 1_500_000  # grey, or 16 bits a channel
_PNG_PALETTE_PIXELS = 4_000_000
_WEBP_PIXELS = 3_000_000
# By the compression's number: none, LZW, Deflate (two numbers). Of JPEG both engines make the same.
_TIFF_PIXELS = {1: 2_000_000, 5: 5_000_000, 8: 1_000_000, 32946: 1_000_000}

_BYTE = 8
# All but the one that its wheel leaves out.
_VIPS_READS = frozenset(Format) - {Format.BMP}


def preferred(header: Header) -> list[Decoder]:
    """List the engines that read this picture, the best first."""
    if header.format not in _VIPS_READS:
        return ["pillow"]
    least = _vips_from(header)
    return ["vips", "pillow"] if least is not None and header.pixels >= least else ["pillow", "vips"]


def _vips_from(header: Header) -> int | None:
    """Return from how many pixels on libvips is the better engine, if it ever is."""
    match header.format:
        case Format.PNG:
            return _png_from(header)
        case Format.TIFF:
            return _tiff_from(header)
        case Format.WEBP:
            return _WEBP_PIXELS
        case Format.GIF:
            return _LARGE_PIXELS
        case Format.JPEG | Format.AVIF | Format.BMP:
            return None


def _png_from(header: Header) -> int:
    # Interlaced rows cannot flow, and Pillow unpacks single bits faster.
    if header.interlaced or header.bits == 1:
        return _LARGE_PIXELS
    if header.colour is PngColour.PALETTE:
        return _PNG_PALETTE_PIXELS
    colour = header.colour in {PngColour.RGB, PngColour.RGB_ALPHA}
    return _PNG_COLOUR_PIXELS if colour and header.bits == _BYTE else _PNG_PLAIN_PIXELS


def _tiff_from(header: Header) -> int:
    if header.bits > _BYTE:
        return _LARGE_PIXELS
    return _TIFF_PIXELS.get(header.compression, _LARGE_PIXELS)
