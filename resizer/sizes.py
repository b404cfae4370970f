"""The sizes that are made of each original, and where they go.

There is always the thumbnail; THUMBNAIL_SIZES may name more beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from resizer.errors import SettingsError

THUMBNAIL = "thumbnail"
LARGEST_PIXELS = 1024
MOST_SIZES = 8

_VARIABLE = "THUMBNAIL_SIZES"
_ENTRY = re.compile(r"(?P<name>[a-z][a-z0-9-]{0,31})=(?P<pixels>[1-9][0-9]{0,3})", re.ASCII)
_EXPECTED = (
    f"names and pixels, 1 to {LARGEST_PIXELS}, each once and at most {MOST_SIZES}, as in "
    f"'{THUMBNAIL}=150,medium=480'"
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """A square, and where the pictures of that size go."""

    name: str
    pixels: int
    prefix: str


def parse_sizes(text: str) -> dict[str, int]:
    """Read `name=pixels,name=pixels`, among them the thumbnail; the order is kept."""
    entries = [_ENTRY.fullmatch(entry) for entry in text.split(",")]
    sizes = {entry["name"]: int(entry["pixels"]) for entry in entries if entry}
    if len(sizes) < len(entries) or len(sizes) > MOST_SIZES or max(sizes.values()) > LARGEST_PIXELS:
        raise SettingsError(_VARIABLE, _EXPECTED, text)
    if THUMBNAIL not in sizes:
        raise SettingsError(_VARIABLE, f"a size {THUMBNAIL!r} among them", text)
    return sizes


def further_sizes(sizes: dict[str, int], *, resized_prefix: str) -> tuple[Size, ...]:
    """Say where the sizes beside the thumbnail go: each into a folder of its name."""
    return tuple(
        Size(name=name, pixels=pixels, prefix=f"{resized_prefix}{name}/")
        for name, pixels in sizes.items()
        if name != THUMBNAIL
    )


def thumbnail_key(key: str, *, source_prefix: str, destination_prefix: str, extension: str) -> str:
    """Say where a size of an original goes: the path below the source, its last extension replaced.

    A name without an extension keeps its whole name, and so does one whose only dot stands first (`.photo`).
    Originals that differ in nothing but the extension share one thumbnail.
    """
    folder, slash, name = key.removeprefix(source_prefix).rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{destination_prefix}{folder}{slash}{stem if dot and stem else name}{extension}"
