"""A PNG's header: its first chunk, and whether a transparent colour follows."""

from __future__ import annotations

import struct

from resizer.formats import Buffer, Format
from resizer.header import Header, OddHeaderError, PngColour

_SIGNATURE_BYTES = 8
_CHANNELS = {
    PngColour.GREY: 1,
    PngColour.RGB: 3,
    PngColour.PALETTE: 1,
    PngColour.GREY_ALPHA: 2,
    PngColour.RGB_ALPHA: 4,
}
_MOST_CHUNKS = 10_000


def read(data: Buffer) -> Header:
    """Read IHDR, and the names of the chunks before the pixels."""
    name, width, height, bits, number, _, _, interlace = struct.unpack_from(">4sIIBBBBB", data, 12)
    if name != b"IHDR":
        raise OddHeaderError("it does not start with IHDR")
    colour = _colour(number)
    transparent, metadata_bytes = _before_pixels(data)
    return Header(
        format=Format.PNG,
        width=width,
        height=height,
        interlaced=interlace == 1,
        bits=bits,
        colour=colour,
        channels=_CHANNELS[colour],
        alpha=transparent or colour in {PngColour.GREY_ALPHA, PngColour.RGB_ALPHA},
        metadata_bytes=metadata_bytes,
    )


def _colour(number: int) -> PngColour:
    try:
        return PngColour(number)
    except ValueError as exc:
        raise OddHeaderError(f"colour type {number}") from exc


def _before_pixels(data: Buffer) -> tuple[bool, int]:
    """Say whether a colour is transparent, and where the pixels start, if at all."""
    at, transparent = _SIGNATURE_BYTES, False
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            break
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            break
        transparent = transparent or name == b"tRNS"
        at += length + 12
    return transparent, min(at, len(data))
