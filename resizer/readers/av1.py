"""The size that an AV1 stream tells of itself, which decoders go by, whatever the file around it says.

Source: AV1 Bitstream & Decoding Process Specification, 5.3 and 5.5, https://aomediacodec.github.io/av1-spec/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resizer.formats import Buffer

_SEQUENCE_HEADER = 1
_MOST_UNITS = 1000
_LONGEST_HEADER_BYTES = 256
_TIERED_LEVEL = 7


def largest_frame_pixels(stream: Buffer) -> int:
    """Give the pixels of the largest frame that its sequence headers allow; 0 if it has none."""
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
        """Step over a number whose length is told by as many zeros."""
        zeros = 0
        while self._left > 0 and not self.take(1):
            zeros += 1
        self.take(min(zeros, 32))
