"""The gallery: what went in, and what each contender made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.report.selection import SUCCESS, ours_first
from harness.plotting import numbers
from harness.plotting.images import preview, thumbnail

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.bench.results import MeasuredPicture, Measurement, Results
    from harness.plotting.images import Shown


@dataclass(frozen=True, kw_only=True)
class Made:
    """One contender's thumbnail, or how it failed."""

    contender: str
    shown: Shown | None
    style: str | None  # the CSS class that holds the thumbnail, once for all the places that show it
    bytes_out: str
    score: str
    outcome: str
    failed: bool


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One picture of the gallery."""

    name: str
    trait: str
    described: str
    original: Shown | None
    made: list[Made]

    @property
    def enlargeable(self) -> bool:
        """Tell whether there is a thumbnail to look at closely."""
        return any(entry.shown for entry in self.made)


def gallery(results: Results, folder: Path) -> list[Exhibit]:
    """Collect the pictures, whose files are named relative to the folder of the results."""
    return [_exhibit(number, picture, results, folder) for number, picture in enumerate(results.pictures)]


def _exhibit(number: int, picture: MeasuredPicture, results: Results, folder: Path) -> Exhibit:
    entries = ours_first(results, picture.measurements, lambda entry: entry.contender)
    pixels = f"{picture.width:,} \N{MULTIPLICATION SIGN} {picture.height:,}, " if picture.width else ""
    return Exhibit(
        name=picture.name,
        trait=picture.trait,
        described=f"{pixels}{numbers.file_size(picture.bytes_in)}",
        original=preview(folder / picture.original),
        made=[_made(f"t{number}-{place}", entry, folder) for place, entry in enumerate(entries)],
    )


def _made(style: str, entry: Measurement, folder: Path) -> Made:
    shown = thumbnail(folder / entry.thumbnail) if entry.thumbnail else None
    return Made(
        contender=entry.contender,
        shown=shown,
        style=style if shown else None,
        bytes_out=numbers.whole(entry.bytes_out),
        score=numbers.score(entry.ssimulacra2),
        outcome=entry.outcome,
        failed=entry.outcome != SUCCESS,
    )
