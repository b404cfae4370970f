"""What a header tells before anything is decoded: the size, and what the choice of an engine needs."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from resizer import exif
from resizer.errors import DamagedImageError, TooManyPixelsError, UnsupportedFormatError
from resizer.formats import SUPPORTED, Buffer, Format, recognise

if TYPE_CHECKING:
    from collections.abc import Iterator


class PngColour(IntEnum):
    """What a PNG's pixels are, by the numbers of its header."""

    GREY = 0
    RGB = 2
    PALETTE = 3
    GREY_ALPHA = 4
    RGB_ALPHA = 6


@dataclass(frozen=True, kw_only=True)
class Header:
    """The header of one picture."""

    format: Format
    width: int
    height: int
    # Read for JPEG only; the other formats' decoders tell it at no cost.
    orientation: int = 1
    # Adam7 in a PNG, progressive in a JPEG.
    interlaced: bool = False
    # Of a PNG or a TIFF.
    bits: int = 8
    # Of a PNG.
    colour: PngColour | None = None
    # Of a TIFF, as its tag tells it; 1 is none.
    compression: int = 1

    @property
    def pixels(self) -> int:
        """The picture's area."""
        return self.width * self.height


def read_header(data: Buffer, *, max_pixels: int) -> Header:
    """Recognise a picture, read its header, and refuse it if it is over the limit or makes no sense."""
    kind = recognise(data)
    try:
        header = _READERS[kind](data)
    except (struct.error, IndexError, _OddHeaderError) as exc:
        raise DamagedImageError(kind, f"its header cannot be read: {exc}") from exc
    if min(header.width, header.height) < 1:
        raise DamagedImageError(kind, f"its header tells {header.width}x{header.height} pixels")
    if header.pixels > max_pixels:
        raise TooManyPixelsError(header.width, header.height, max_pixels)
    return header


# Far more than any sound file has; a hundred megabytes of nothing else would take seconds.
_MOST_PARTS = 10_000
_MOST_PADDING = 65_536


class _OddHeaderError(Exception):
    """Raised within this module when a header lacks what every header of its kind has."""


def _jpeg(data: Buffer) -> Header:
    orientation = 1
    for marker, body in _jpeg_segments(data):
        if marker == _APP1 and bytes(data[body : body + 6]) == b"Exif\0\0":
            (length,) = struct.unpack_from(">H", data, body - 2)
            orientation = exif.orientation(data[body + 6 : body - 2 + length])
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, body + 1)
            return Header(
                format=Format.JPEG,
                width=width,
                height=height,
                orientation=orientation,
                interlaced=marker in _PROGRESSIVE,
            )
    raise _OddHeaderError("no frame")


_APP1 = 0xE1
# Every start of a frame: 0xC0 to 0xCF but for tables (C4, CC) and the reserved C8.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_START_OF_SCAN = 0xDA
_FILL = b"\xff"


def _jpeg_segments(data: Buffer) -> Iterator[tuple[int, int]]:
    """Yield each marker with the place of its content, up to the first scan."""
    at = 2
    for _ in range(_MOST_PARTS):
        at = _skip_padding(data, at)
        marker = data[at]
        if marker == _START_OF_SCAN:
            return
        if marker == 0 or 0xD0 <= marker <= 0xD8 or marker == 1:  # noqa: PLR2004  T.81, table B.1: without content
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 1)
        yield marker, at + 3
        at += 1 + length


def _skip_padding(data: Buffer, at: int) -> int:
    """Step over fill bytes, and over others too: they are not allowed, but no decoder minds them."""
    window = bytes(data[at : at + _MOST_PADDING])
    marker = window[window.find(_FILL) :].lstrip(_FILL)
    if _FILL not in window or not marker:
        raise _OddHeaderError("no marker")
    return at + len(window) - len(marker)


def _png(data: Buffer) -> Header:
    name, width, height, bits, colour, _, _, interlace = struct.unpack_from(">4sIIBBBBB", data, 12)
    if name != b"IHDR":
        raise _OddHeaderError("it does not start with IHDR")
    return Header(
        format=Format.PNG,
        width=width,
        height=height,
        interlaced=interlace == 1,
        bits=bits,
        colour=_png_colour(colour),
    )


def _png_colour(colour: int) -> PngColour:
    try:
        return PngColour(colour)
    except ValueError as exc:
        raise _OddHeaderError(f"colour type {colour}") from exc


def _gif(data: Buffer) -> Header:
    width, height = struct.unpack_from("<HH", data, 6)
    return Header(format=Format.GIF, width=width, height=height)


def _webp(data: Buffer) -> Header:
    chunk = bytes(data[12:16])
    if chunk == b"VP8X":
        low = struct.unpack_from("<HBHB", data, 24)
        width, height = (low[0] | low[1] << 16) + 1, (low[2] | low[3] << 16) + 1
    elif chunk == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    elif chunk == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise _OddHeaderError(f"an unknown chunk {chunk!r}")
    return Header(format=Format.WEBP, width=width, height=height)


def _tiff(data: Buffer) -> Header:
    tags = exif.first_directory(data)
    try:
        width, height = tags[exif.WIDTH][0], tags[exif.HEIGHT][0]
    except KeyError as exc:
        raise _OddHeaderError("no width or height") from exc
    bits = max(tags.get(exif.BITS_PER_SAMPLE, (1,)))
    if bits > 16 or set(tags.get(exif.SAMPLE_FORMAT, (1,))) - {1}:  # noqa: PLR2004  what both engines read alike
        raise UnsupportedFormatError(f"a TIFF of {bits}-bit or signed or float samples", SUPPORTED)
    (compression,) = tags.get(exif.COMPRESSION, (1,))
    return Header(format=Format.TIFF, width=width, height=height, bits=bits, compression=compression)


def _bmp(data: Buffer) -> Header:
    (header_bytes,) = struct.unpack_from("<I", data, 14)
    if header_bytes == _OS2_HEADER_BYTES:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        # A negative height means rows from the top down.
        width, height = struct.unpack_from("<ii", data, 18)
    return Header(format=Format.BMP, width=width, height=abs(height))


_OS2_HEADER_BYTES = 12


def _avif(data: Buffer) -> Header:
    """Take the largest size property: those of tiles and of the alpha channel are never larger."""
    sizes = [struct.unpack_from(">II", data, at + 4) for at in _properties(data, b"ispe")]
    if not sizes:
        raise _OddHeaderError("no ispe property")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return Header(format=Format.AVIF, width=width, height=height)


def _properties(data: Buffer, wanted: bytes) -> Iterator[int]:
    """Yield where the contents of the item properties of that kind start."""
    for meta, meta_end in _boxes(data, 0, len(data), b"meta"):
        for iprp, iprp_end in _boxes(data, meta + 4, meta_end, b"iprp"):
            for ipco, ipco_end in _boxes(data, iprp, iprp_end, b"ipco"):
                for content, _ in _boxes(data, ipco, ipco_end, wanted):
                    yield content


def _boxes(data: Buffer, start: int, end: int, wanted: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of the contents of the boxes of that kind, ISO/IEC 14496-12, 4.2."""
    for _ in range(_MOST_PARTS):
        if start + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, content)
            content += 8
        if size == 0:
            size = end - start
        if size < content - start:
            raise _OddHeaderError(f"a box of {size} bytes")
        if kind == wanted:
            yield content, min(start + size, end)
        start += size


_READERS = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.GIF: _gif,
    Format.WEBP: _webp,
    Format.TIFF: _tiff,
    Format.AVIF: _avif,
    Format.BMP: _bmp,
}
