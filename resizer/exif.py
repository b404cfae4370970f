"""Reads a few tags from the first directory of a TIFF, which is also how EXIF is stored."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from resizer.formats import Buffer


class Tag(IntEnum):
    """The tags that are read."""

    WIDTH = 256
    HEIGHT = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    ORIENTATION = 274
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    TILE_WIDTH = 322
    TILE_LENGTH = 323
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339


_WANTED = frozenset(Tag)
_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}  # BYTE, SHORT, LONG, LONG8
# By the type's number, from BYTE on; those that are not in use take as much as the longest.
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_LONGEST_TYPE_BYTES = 8
_MOST_VALUES = 64
_MOST_ENTRIES = 65_535
_BIG_TIFF = 43


@dataclass(frozen=True, kw_only=True)
class Directory:
    """The known tags, and how many bytes all tags have together; several may share the same bytes."""

    tags: dict[int, tuple[int, ...]]
    bytes: int


def orientation(data: Buffer) -> int:
    """Read the orientation, 1 to 8; it is only a hint, so it is 1 where it makes no sense."""
    try:
        (value,) = first_directory(data).tags.get(Tag.ORIENTATION, (1,))
    except (struct.error, ValueError):
        return 1
    return value if value in range(1, 9) else 1


def first_directory(data: Buffer) -> Directory:
    """Read the known tags of the first directory; raises struct.error where the data ends too early."""
    order = "<" if bytes(data[:2]) == b"II" else ">"
    (version,) = struct.unpack_from(order + "H", data, 2)
    if version == _BIG_TIFF:
        return _entries(
            data, order, struct.unpack_from(order + "Q", data, 8)[0], count="Q", entry="HHQ", width=8
        )
    return _entries(data, order, struct.unpack_from(order + "I", data, 4)[0], count="H", entry="HHI", width=4)


def _entries(  # noqa: PLR0913  the two layouts differ in these
    data: Buffer, order: str, at: int, *, count: str, entry: str, width: int
) -> Directory:
    """Read the entries of the directory at that place; `width` is that of an entry's value or offset."""
    (entries,) = struct.unpack_from(order + count, data, at)
    at += struct.calcsize(order + count)
    tags: dict[int, tuple[int, ...]] = {}
    total_bytes = 0
    for _ in range(min(entries, _MOST_ENTRIES)):
        tag, kind, values = struct.unpack_from(order + entry, data, at)
        at += struct.calcsize(order + entry)
        total_bytes += min(values * _TYPE_BYTES.get(kind, _LONGEST_TYPE_BYTES), len(data))
        if tag in _WANTED and kind in _TYPES and 0 < values <= _MOST_VALUES:
            layout = f"{order}{values}{_TYPES[kind]}"
            place = at
            if struct.calcsize(layout) > width:
                (place,) = struct.unpack_from(order + ("Q" if width == 8 else "I"), data, at)  # noqa: PLR2004
            tags[tag] = struct.unpack_from(layout, data, place)
        at += width
    return Directory(tags=tags, bytes=total_bytes)
