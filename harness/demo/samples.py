"""The test pictures that the page offers to take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fixtures.pictures import picture

if TYPE_CHECKING:
    from pathlib import Path

# Each shows something else: size, shape, orientation, colour, alpha, format; then what is refused.
_NAMES: Final = (
    "reference.jpg",
    "photo-portrait.jpg",
    "photo-busy.jpg",
    "photo-dark.jpg",
    "orientation-6.jpg",
    "cmyk-profile.jpg",
    "png-alpha.png",
    "avif.avif",
    "gif-animated.gif",
    "thin-10000x10.jpg",
    "tiff-lzw.tiff",
    "text.jpg",
    "truncated.jpg",
    "bomb-20-gigapixels.png",
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One picture to take; `preview` is None for what has no thumbnail."""

    name: str
    trait: str
    path: Path
    preview: Path | None


def samples() -> dict[str, Sample]:
    """Give the pictures by their names, in the order of the page."""
    found = [picture(name) for name in _NAMES]
    return {
        one.name: Sample(
            name=one.name,
            trait=one.trait,
            path=one.path(),
            preview=one.expected_path() if one.expected else None,
        )
        for one in found
    }
