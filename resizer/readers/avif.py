"""An AVIF's header: the properties of its items, and the size that its AV1 streams give themselves.

Decoders go by the stream, whatever the file around it says. Sources: ISO/IEC 14496-12 and 23008-12, and the
AV1 Bitstream & Decoding Process Specification, 5.3 and 5.5, https://aomediacodec.github.io/av1-spec/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from resizer.formats import Buffer, Format
from resizer.header import Header, OddHeaderError

_MOST_BOXES = 10_000
_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
# Of the third byte of av1C: https://aomediacodec.github.io/av1-isobmff/#av1codecconfigurationbox-section
_HIGH_BITDEPTH = 0x40
_TWELVE_BIT = 0x20
_MONOCHROME = 0x10
_SUBSAMPLED_ACROSS = 0x08
_SUBSAMPLED_DOWN = 0x04

# Of the list of items.
_WIDE_ITEMS = 2
_IN_IDAT = 1
_MOST_EXTENTS = 1000

# Of the AV1 stream.
_SEQUENCE_HEADER = 1
_MOST_UNITS = 1000
_LONGEST_HEADER_BYTES = 256
_TIERED_LEVEL = 7


def read(data: Buffer) -> Header:
    """Take the largest size property: those of tiles and of the alpha channel are never larger."""
    sizes = [struct.unpack_from(">II", data, at + 4) for at, _ in _properties(data, b"ispe")]
    if not sizes:
        raise OddHeaderError("no ispe property")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    # A decoder allocates what the stream says, and compares with the property only then.
    if any(largest_frame_pixels(stream) > width * height for stream in _streams(data)):
        raise OddHeaderError("its stream has more pixels than its properties say")
    configurations = [data[at + 2] for at, _ in _properties(data, b"av1C")]
    return Header(
        format=Format.AVIF,
        width=width,
        height=height,
        bits=max((_bits(flags) for flags in configurations), default=8),
        # The alpha channel's own configuration is monochrome.
        channels=max((_channels(flags) for flags in configurations), default=3),
        alpha=any(_ALPHA in bytes(data[at:end]) for at, end in _properties(data, b"auxC")),
    )


def _bits(flags: int) -> int:
    return (12 if flags & _TWELVE_BIT else 10) if flags & _HIGH_BITDEPTH else 8


def _channels(flags: int) -> float:
    if flags & _MONOCHROME:
        return 1
    return 1 + 2 / ((2 if flags & _SUBSAMPLED_ACROSS else 1) * (2 if flags & _SUBSAMPLED_DOWN else 1))


def _streams(data: Buffer) -> Iterator[bytes]:
    """Yield what each item consists of: most are AV1 streams, the others have no header of one."""
    for meta, meta_end in _boxes(data, 0, len(data), b"meta"):
        base = next((start for start, _ in _boxes(data, meta + 4, meta_end, b"idat")), 0)
        for iloc, _ in _boxes(data, meta + 4, meta_end, b"iloc"):
            for extents in _items(data, iloc, idat=base):
                yield b"".join(bytes(data[start : start + length]) for start, length in extents)


def _items(data: Buffer, at: int, *, idat: int) -> Iterator[list[tuple[int, int]]]:
    """Yield the places of each item, ISO/IEC 14496-12, 8.11.3; those in other items are no streams."""
    version, sizes, more_sizes = struct.unpack_from(">B3xBB", data, at)
    offset_bytes, length_bytes = divmod(sizes, 16)
    base_bytes, index_bytes = divmod(more_sizes, 16)
    numbers = _Numbers(data, at + 6)
    items = numbers.take(4 if version == _WIDE_ITEMS else 2)
    for _ in range(min(items, _MOST_BOXES)):
        numbers.take(4 if version == _WIDE_ITEMS else 2)
        method = numbers.take(2) & 0x0F if version else 0
        numbers.take(2)
        base = numbers.take(base_bytes) + (idat if method == _IN_IDAT else 0)
        extents = []
        for _ in range(min(numbers.take(2), _MOST_EXTENTS)):
            numbers.take(index_bytes if version else 0)
            offset, length = numbers.take(offset_bytes), numbers.take(length_bytes)
            extents.append((base + offset, length or len(data)))
        if method <= _IN_IDAT:
            yield extents


class _Numbers:
    """Big-endian numbers of any width, one after the other."""

    def __init__(self, data: Buffer, at: int) -> None:
        self._data = data
        self._at = at

    def take(self, count: int) -> int:
        start, self._at = self._at, self._at + count
        if self._at > len(self._data):
            raise OddHeaderError("a list of items that ends too early")
        return int.from_bytes(self._data[start : self._at], "big")


def _properties(data: Buffer, wanted: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the contents of the item properties of that kind start and end."""
    for meta, meta_end in _boxes(data, 0, len(data), b"meta"):
        for iprp, iprp_end in _boxes(data, meta + 4, meta_end, b"iprp"):
            for ipco, ipco_end in _boxes(data, iprp, iprp_end, b"ipco"):
                yield from _boxes(data, ipco, ipco_end, wanted)


def _boxes(data: Buffer, start: int, end: int, wanted: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of the contents of the boxes of that kind, ISO/IEC 14496-12, 4.2."""
    for _ in range(_MOST_BOXES):
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
            raise OddHeaderError(f"a box of {size} bytes")
        if kind == wanted:
            yield content, min(start + size, end)
        start += size


def largest_frame_pixels(stream: Buffer) -> int:
    """Return the pixels of the largest frame that its sequence headers allow; 0 if it has none."""
    return max((_frame_pixels(header) for header in _sequence_headers(stream)), default=0)


def _sequence_headers(stream: Buffer) -> Iterator[bytes]:
    at = 0
    for _ in range(_MOST_UNITS):
        if at >= len(stream):
            return
        first = stream[at]
        at += 2 if first & 0x04 else 1
        size = len(stream) - at
        if first & 0x02:
            size, at = _leb128(stream, at)
        if first >> 3 & 0x0F == _SEQUENCE_HEADER:
            # Zeros behind the end, so that what is cut short reads as something.
            yield bytes(stream[at : at + min(size, _LONGEST_HEADER_BYTES)]) + bytes(_LONGEST_HEADER_BYTES)
        at += size


def _leb128(stream: Buffer, at: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        byte = stream[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004  the highest bit says that another follows
            return value, at + index + 1
    return value, at + 8


def _frame_pixels(header: bytes) -> int:
    bits = _Bits(header)
    bits.take(3 + 1)  # the profile, and whether it is a still picture
    if bits.take(1):
        bits.take(5)  # the level: a still picture's header ends here
    else:
        _skip_operating_points(bits)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(across) + 1) * (bits.take(down) + 1)


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.take(1):
        bits.take(32 + 32)
        if bits.take(1):
            bits.take_unary()
        if bits.take(1):
            delay_bits = bits.take(5) + 1
            bits.take(32 + 5 + 5)
    delays_shown = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > _TIERED_LEVEL:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(delay_bits + delay_bits + 1)
        if delays_shown and bits.take(1):
            bits.take(4)


class _Bits:
    """Bits from the highest on; behind the end are zeros."""

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        self._left -= count
        return (self._number >> max(self._left, 0)) & ((1 << count) - 1)

    def take_unary(self) -> None:
        """Step over a number that follows as many zeros as it has bits."""
        zeros = 0
        while self._left > 0 and not self.take(1):
            zeros += 1
        self.take(min(zeros, 32))
