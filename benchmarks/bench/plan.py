"""What a run of the benchmark measures, and with which pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from PIL import Image, UnidentifiedImageError

from benchmarks.bench import results
from benchmarks.bench.contenders import DeployedContender
from fixtures.pictures import READABLE
from fixtures.pictures import picture as picture_named
from harness.errors import ThumbrigError

REFERENCE = "reference.jpg"
_QUICK_PICTURES = (REFERENCE, "photo-busy.jpg", "png-8-bit.png", "webp-lossy.webp")


class NotAPhotoFolderError(ThumbrigError):
    """Raised when a person's folder of photos has no picture in it."""

    def __init__(self, folder: Path) -> None:
        came = "no picture in it" if folder.is_dir() else "no such folder"
        super().__init__(f"{folder}: expected a folder with photos, found {came}; check the path")


@dataclass(frozen=True, kw_only=True)
class BenchPicture:
    """A picture to measure with."""

    name: str
    trait: str
    path: Path


@dataclass(frozen=True, kw_only=True, eq=False)
class BenchPlan:
    """What a run measures. It is a pytest plugin: tests read it, and add their results to `measured`."""

    contenders: Sequence[DeployedContender]
    pictures: Sequence[BenchPicture]
    folder: Path
    memory_mb: int
    seconds_per_picture: float
    measured: list[results.MeasuredPicture]


def parse_sizes(text: str) -> list[int]:
    """Read memory sizes in MB, as Lambda allows them."""
    try:
        sizes = sorted({int(size) for size in text.split(",")})
    except ValueError:
        sizes = []
    if not sizes or not all(128 <= size <= 10_240 for size in sizes):  # noqa: PLR2004  Lambda's own range
        raise click.BadParameter(f"expected sizes from 128 to 10240, got {text}", param_hint="--memory")
    return sizes


def bench_pictures(names: Sequence[str], folder: Path | None, *, quick: bool) -> list[BenchPicture]:
    """Choose the pictures: a person's own, the named ones, or all readable ones of the catalogue."""
    if folder:
        return list(_own_photos(folder))
    known = {entry.name for entry in READABLE}
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(
            f"no picture {unknown[0]}; there are {sorted(known)}", param_hint="--picture"
        )
    chosen = names or (_QUICK_PICTURES if quick else [entry.name for entry in READABLE])
    entries = [picture_named(name) for name in chosen]
    return [BenchPicture(name=entry.name, trait=entry.trait, path=entry.path()) for entry in entries]


def _own_photos(folder: Path) -> Iterator[BenchPicture]:
    found = False
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        try:
            with Image.open(path):
                found = True
        except (OSError, UnidentifiedImageError):
            continue
        yield BenchPicture(name=path.name, trait="your own photo", path=path)
    if not found:
        raise NotAPhotoFolderError(folder)
