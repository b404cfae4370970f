"""The first directory of a TIFF, which is how EXIF is stored too: a few tags, without a whole reader."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resizer.formats import Buffer

WIDTH = 256
HEIGHT = 257
BITS_PER_SAMPLE = 258
COMPRESSION = 259
ORIENTATION = 274
SAMPLE_FORMAT = 339

_WANTED = {WIDTH, HEIGHT, BITS_PER_SAMPLE, COMPRESSION, ORIENTATION, SAMPLE_FORMAT}
_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}  # BYTE, SHORT, LONG, LONG8
_MOST_VALUES = 64
_MOST_ENTRIES = 65_535


def orientation(data: Buffer) -> int:
    """Read the orientation, 1 to 8; 1 also where nothing sensible is told, since it is only a hint."""
    try:
        (value,) = first_directory(data).get(ORIENTATION, (1,))
    except (struct.error, ValueError):
        return 1
    return value if value in range(1, 9) else 1


def first_directory(data: Buffer) -> dict[int, tuple[int, ...]]:
    """Read the known tags of the first directory; raises struct.error where the data ends too early."""
    order = "<" if bytes(data[:2]) == b"II" else ">"
    (version,) = struct.unpack_from(order + "H", data, 2)
    if version == _BIG_TIFF:
        return _entries(
            data, order, struct.unpack_from(order + "Q", data, 8)[0], count="Q", entry="HHQ", width=8
        )
    return _entries(data, order, struct.unpack_from(order + "I", data, 4)[0], count="H", entry="HHI", width=4)


_BIG_TIFF = 43


def _entries(  # noqa: PLR0913  the two layouts differ in these
    data: Buffer, order: str, at: int, *, count: str, entry: str, width: int
) -> dict[int, tuple[int, ...]]:
    """Read the entries of the directory at that place; `width` is that of an entry's value or offset."""
    (entries,) = struct.unpack_from(order + count, data, at)
    at += struct.calcsize(order + count)
    tags: dict[int, tuple[int, ...]] = {}
    for _ in range(min(entries, _MOST_ENTRIES)):
        tag, kind, values = struct.unpack_from(order + entry, data, at)
        at += struct.calcsize(order + entry)
        if tag in _WANTED and kind in _TYPES and 0 < values <= _MOST_VALUES:
            layout = f"{order}{values}{_TYPES[kind]}"
            place = at
            if struct.calcsize(layout) > width:
                (place,) = struct.unpack_from(order + ("Q" if width == 8 else "I"), data, at)  # noqa: PLR2004
            tags[tag] = struct.unpack_from(layout, data, place)
        at += width
    return tags
