"""Scores of thumbnails, and the name of what they were scored with: only scores of one scorer compare."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from benchmarks.bench import quality
from benchmarks.gate import pictures
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.bench.plan import BenchPicture
    from benchmarks.gate.snapshot import Snapshot

# Beyond the fourth decimal a score says nothing, and reads badly in a diff.
_DECIMALS = 4


def scorer() -> dict[str, str]:
    """Name what scores are made with: libraries, and the rig's own way to the lossless thumbnail."""
    versions = {name: metadata.version(name) for name in ("ssimulacra2", "Pillow", "numpy")}
    source = Path(quality.__file__).read_bytes()
    return {**versions, "quality.py": hashlib.sha256(source).hexdigest()[:12]}


class NoPictureError(ThumbrigError):
    """Raised when what the function wrote in the place of a thumbnail is no picture."""

    def __init__(self, subject: BenchPicture, thumbnail: bytes) -> None:
        super().__init__(
            f"{subject.name}: expected a picture as its thumbnail, got {len(thumbnail):,} bytes that start"
            f" with {thumbnail[:12]!r}; repair the function"
        )


def size_of(subject: BenchPicture, thumbnail: bytes) -> tuple[int, int]:
    """Read a thumbnail's size in pixels."""
    try:
        with Image.open(io.BytesIO(thumbnail)) as image:
            return image.size
    except (OSError, ValueError, SyntaxError) as exc:
        raise NoPictureError(subject, thumbnail) from exc


def score(subject: BenchPicture, original: bytes, thumbnail: bytes) -> float:
    """Score a thumbnail against the lossless one of its own size."""
    size = size_of(subject, thumbnail)
    try:
        lossless = quality.lossless_thumbnail(original, size)
    # Damaged pictures raise nearly anything.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise pictures.UnreadableFixtureError(subject.path, exc) from exc
    return round(quality.score(thumbnail, lossless), _DECIMALS)


def rescored(snapshot: Snapshot, images: Mapping[str, bytes], subjects: Sequence[BenchPicture]) -> Snapshot:
    """Score a baseline's thumbnails with today's scorer, where the pictures are still the same."""
    thumbnails = dict(snapshot.thumbnails)
    for subject in subjects:
        then = thumbnails.get(subject.name)
        original = pictures.read(subject)
        if then and hashlib.sha256(original).hexdigest() == then.original_sha256:
            found = score(subject, original, images[subject.name])
            thumbnails[subject.name] = replace(then, ssimulacra2=found)
    return replace(snapshot, thumbnails=thumbnails)
