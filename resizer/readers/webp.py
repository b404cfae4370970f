"""A WebP's header: its first chunk, which is the picture itself or says what follows."""

from __future__ import annotations

import struct

from resizer.formats import Buffer, Format
from resizer.header import Header, OddHeaderError

_FIRST_CHUNK = 12
_ANIMATED = 0x02
_ALPHA = 0x10
_MOST_CHUNKS = 1000


def read(data: Buffer) -> Header:
    """Read the first chunk, of the extended kind also which coding follows."""
    chunk = bytes(data[_FIRST_CHUNK : _FIRST_CHUNK + 4])
    if chunk == b"VP8X":
        return _extended(data)
    if chunk == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        return Header(format=Format.WEBP, width=width, height=height, lossless=True)
    if chunk == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
        return Header(format=Format.WEBP, width=width, height=height)
    raise OddHeaderError(f"an unknown chunk {chunk!r}")


def _extended(data: Buffer) -> Header:
    flags, low_width, high_width, low_height, high_height = struct.unpack_from("<B3xHBHB", data, 20)
    lossless, metadata_bytes = _coding(data)
    return Header(
        format=Format.WEBP,
        width=(low_width | high_width << 16) + 1,
        height=(low_height | high_height << 16) + 1,
        alpha=bool(flags & _ALPHA),
        animated=bool(flags & _ANIMATED),
        lossless=lossless,
        metadata_bytes=metadata_bytes,
    )


def _coding(data: Buffer) -> tuple[bool, int]:
    """Say whether the picture is lossless, and how much stands beside it."""
    at, lossless, metadata_bytes = _FIRST_CHUNK, False, 0
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            break
        name, length = struct.unpack_from("<4sI", data, at)
        if name == b"ANMF":
            # The first frame is all that anybody decodes.
            lossless = b"VP8L" in bytes(data[at + 24 : at + 28])
            break
        lossless = lossless or name == b"VP8L"
        if name in {b"ICCP", b"EXIF", b"XMP "}:
            metadata_bytes += min(length, len(data) - at)
        at += 8 + length + length % 2
    return lossless, metadata_bytes
