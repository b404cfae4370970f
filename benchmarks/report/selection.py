"""What the report picks from the results: its contender, and the picture that it compares by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from statistics import mean
from typing import Final, TypeVar

from benchmarks.bench.results import MeasuredPicture, Measurement, Results, SweepPoint
from harness.plotting.palette import Style, styles

T = TypeVar("T")

OURS: Final = "auto"
SUCCESS: Final = "success"
_REFERENCE: Final = "reference"


def focus(results: Results) -> str | None:
    """Name the contender that the report is about: ours, or else the fastest at the reference picture."""
    names = [contender.name for contender in results.contenders]
    if OURS in names:
        return OURS
    picture = reference(results)
    ranked = fastest_first(picture.measurements) if picture else []
    return next((entry.contender for entry in ranked), names[0] if names else None)


def styles_of(results: Results) -> Mapping[str, Style]:
    """Give every contender its style, the same in all plots and tables."""
    return styles([contender.name for contender in results.contenders], first=focus(results) or "")


def reference(results: Results) -> MeasuredPicture | None:
    """Find the reference picture; without one of that name the first stands in."""
    named = (picture for picture in results.pictures if picture.name.partition(".")[0] == _REFERENCE)
    return next(named, results.pictures[0] if results.pictures else None)


def measurement(picture: MeasuredPicture, contender: str | None) -> Measurement | None:
    """Find what a contender did with a picture."""
    return next((entry for entry in picture.measurements if entry.contender == contender), None)


def fastest_first(measurements: list[Measurement]) -> list[Measurement]:
    """Sort the measurements that succeeded by their medians."""
    timed = [
        (entry.p50_ms, entry)
        for entry in measurements
        if entry.outcome == SUCCESS and entry.p50_ms is not None
    ]
    return [entry for _, entry in sorted(timed, key=lambda pair: pair[0])]


def failures_last(measurements: list[Measurement]) -> list[Measurement]:
    """Sort the measurements by their medians; those without one go last."""
    ranked = fastest_first(measurements)
    return ranked + [entry for entry in measurements if entry not in ranked]


def made_by_all(results: Results) -> list[MeasuredPicture]:
    """Find the pictures with a score from every contender that has any: only these compare like with like."""
    scored = {
        entry.contender for picture in results.pictures for entry in picture.measurements if _has_score(entry)
    }
    return [
        picture
        for picture in results.pictures
        if scored and scored <= {entry.contender for entry in picture.measurements if _has_score(entry)}
    ]


def mean_bytes_and_score(pictures: list[MeasuredPicture], contender: str) -> tuple[float, float] | None:
    """Average a contender's bytes and scores over pictures."""
    pairs = [
        (entry.bytes_out, entry.ssimulacra2)
        for picture in pictures
        for entry in picture.measurements
        if entry.contender == contender and entry.bytes_out is not None and entry.ssimulacra2 is not None
    ]
    if not pairs:
        return None
    return mean(pair[0] for pair in pairs), mean(pair[1] for pair in pairs)


def ours_first(results: Results, entries: Iterable[T], name_of: Callable[[T], str]) -> list[T]:
    """Sort entries of contenders: first the one that the report is about, then the others in their order."""
    name = focus(results)
    return sorted(entries, key=lambda entry: name_of(entry) != name)


def sweep_of(results: Results, contender: str | None) -> list[SweepPoint]:
    """Find a contender's sweep, smallest memory first."""
    points = [point for point in results.sweep if point.contender == contender]
    return sorted(points, key=lambda point: point.memory_mb)


def _has_score(entry: Measurement) -> bool:
    return entry.outcome == SUCCESS and entry.bytes_out is not None and entry.ssimulacra2 is not None
