"""What is known of a picture before anything is decoded: its size, and what chooses its engine."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from importlib import import_module

from resizer.errors import DamagedImageError, TooManyPixelsError
from resizer.formats import Buffer, Format, recognise

# Imported when first met: each environment meets one or two.
_READERS = {kind: f"resizer.readers.{kind.lower()}" for kind in Format}


class PngColour(IntEnum):
    """The colour types of PNG, by their numbers in its header."""

    GREY = 0
    RGB = 2
    PALETTE = 3
    GREY_ALPHA = 4
    RGB_ALPHA = 6


@dataclass(frozen=True, kw_only=True)
class Header:
    """The header of one picture; what its format lacks, or no decoder needs, keeps its default."""

    format: Format
    width: int
    height: int
    # Read for JPEG only; the other formats' decoders read it at no cost.
    orientation: int = 1
    # Adam7 in a PNG, progressive in a JPEG.
    interlaced: bool = False
    # Of a PNG, a TIFF, an AVIF or a BMP.
    bits: int = 8
    # Of a PNG.
    colour: PngColour | None = None
    # The number in a TIFF's tag, and a BMP's plus one; 1 is none.
    compression: int = 1
    # Samples a pixel; of an AVIF those of its chroma may be halved.
    channels: float = 3
    # Of a PNG also by a transparent colour; any frame of a GIF may have it.
    alpha: bool = False
    animated: bool = False
    # Coded without loss: of a WebP or a JPEG.
    lossless: bool = False
    # Of a JPEG whose decoder has to hold them all until the end of the file; each takes two bytes.
    coefficients: int = 0
    # Of a TIFF: a strip, or where it is tiled a row of tiles, unpacked.
    block_bytes: int = 0
    tiled: bool = False
    # What stands beside the pixels, and a decoder might read into memory.
    metadata_bytes: int = 0

    @property
    def pixels(self) -> int:
        """The picture's area."""
        return self.width * self.height


class OddHeaderError(Exception):
    """Raised by the readers when a header lacks what every header of its kind has."""


def read_header(data: Buffer, *, max_pixels: int) -> Header:
    """Recognise a picture, read its header, and refuse it if it is over the limit or makes no sense."""
    kind = recognise(data)
    read: Callable[[Buffer], Header] = import_module(_READERS[kind]).read
    try:
        header = read(data)
    except (struct.error, IndexError, OddHeaderError) as exc:
        raise DamagedImageError(kind, f"its header cannot be read: {exc}") from exc
    if min(header.width, header.height) < 1:
        raise DamagedImageError(kind, f"its header says {header.width}x{header.height} pixels")
    if header.pixels > max_pixels:
        raise TooManyPixelsError(header.width, header.height, max_pixels)
    return header
