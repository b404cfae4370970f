"""A JPEG's header: its frame, and whether its first scan is the only one."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from resizer import exif
from resizer.formats import Buffer, Format
from resizer.header import Header, OddHeaderError

_APP1 = 0xE1
# Every start of a frame: 0xC0 to 0xCF but for tables (C4, CC) and the reserved C8.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_START_OF_SCAN = 0xDA
_FILL = b"\xff"
_BLOCK = 8
_COEFFICIENTS = 64

# Far more than any sound file has; a hundred megabytes of nothing else would take seconds.
_MOST_PARTS = 10_000
_MOST_PADDING = 65_536
# Pillow joins Exif segments one by one, for which a hundred megabytes of them take a minute.
_MOST_METADATA_BYTES = 32 * 2**20


def read(data: Buffer) -> Header:
    """Read up to the first scan."""
    orientation, frame, place = 1, 0, 0
    for marker, body in _segments(data):
        if marker == _APP1 and not frame and bytes(data[body : body + 6]) == b"Exif\0\0":
            (length,) = struct.unpack_from(">H", data, body - 2)
            orientation = exif.orientation(data[body + 6 : body - 2 + length])
        if body > _MOST_METADATA_BYTES:
            raise OddHeaderError(f"more than {_MOST_METADATA_BYTES:,} bytes before its first scan")
        if marker in _FRAMES and not frame:
            frame, place = marker, body
        if marker == _START_OF_SCAN and frame:
            return _header(data, frame, place, scan=body, orientation=orientation)
    raise OddHeaderError("no frame or no scan")


def _header(data: Buffer, frame: int, place: int, *, scan: int, orientation: int) -> Header:
    height, width, components = struct.unpack_from(">HHB", data, place + 1)
    factors = [divmod(data[place + 7 + 3 * number], 16) for number in range(components)]
    # libjpeg holds all coefficients unless every component comes in the first scan.
    buffered = frame in _PROGRESSIVE or data[scan] < components
    return Header(
        format=Format.JPEG,
        width=width,
        height=height,
        orientation=orientation,
        interlaced=frame in _PROGRESSIVE,
        lossless=frame in _LOSSLESS,
        channels=components,
        coefficients=_coefficients(width, height, factors) if buffered else 0,
        metadata_bytes=scan,
    )


def _coefficients(width: int, height: int, factors: Sequence[tuple[int, int]]) -> int:
    """Count them, in whole blocks: a component has its factor's share of the largest one's samples."""
    across = max((factor for factor, _ in factors), default=1)
    down = max((factor for _, factor in factors), default=1)
    if not across or not down:
        raise OddHeaderError("a sampling factor of 0")
    columns = -(-width // (_BLOCK * across))
    rows = -(-height // (_BLOCK * down))
    return sum(columns * horizontal * rows * vertical for horizontal, vertical in factors) * _COEFFICIENTS


def _segments(data: Buffer) -> Iterator[tuple[int, int]]:
    """Yield each marker with the place of its content, up to the first scan."""
    at = 2
    for _ in range(_MOST_PARTS):
        at = _skip_padding(data, at)
        marker = data[at]
        if marker == 0 or 0xD0 <= marker <= 0xD8 or marker == 1:  # noqa: PLR2004  T.81, table B.1: without content
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 1)
        yield marker, at + 3
        if marker == _START_OF_SCAN:
            return
        at += 1 + length


def _skip_padding(data: Buffer, at: int) -> int:
    """Step over fill bytes, and over others too: they are not allowed, but no decoder minds them."""
    window = bytes(data[at : at + _MOST_PADDING])
    marker = window[window.find(_FILL) :].lstrip(_FILL)
    if _FILL not in window or not marker:
        raise OddHeaderError("no marker")
    return at + len(window) - len(marker)
