"""The page of a sweep: the verdict, the plots, and every picture's thumbnails side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.report import TEMPLATES
from benchmarks.report.page import drawn
from benchmarks.report.tune_plots import plots
from benchmarks.report.tune_verdict import trials_of_both, verdict
from harness.plotting import numbers
from harness.plotting.images import thumbnail
from harness.plotting.palette import PAGE
from harness.plotting.templating import templates

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.tuning.results import Candidate, Photo, PictureTrial, TuneResults
    from harness.plotting.images import Shown


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table of settings, in words."""

    label: str
    size: str
    size_change: str
    score: str
    score_change: str
    cpu: str
    mark: str


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One picture; `style` is the CSS class that holds its thumbnails."""

    name: str
    trait: str
    style: str
    today: Shown
    pick: Shown
    lossless: Shown
    row: Row
    today_text: str
    pick_text: str


def render(results: TuneResults, folder: Path) -> str:
    """Make the page; `folder` is where the thumbnails are that the results name."""
    today = results.candidate(results.today)
    exhibits = _exhibits(results, folder)
    shown = [one for one in results.candidates if one.on_front or one.label in {results.today, results.pick}]
    return (
        templates(TEMPLATES)
        .get_template("tune.html.j2")
        .render(
            results=results,
            verdict=verdict(results),
            plots={plot.name: drawn(plot) for plot in plots(results)},
            front=[_row(one, today, results) for one in shown],
            photos=[one for one, photo in exhibits if photo.tuned_for],
            rest=[one for one, photo in exhibits if not photo.tuned_for],
            page_colours=PAGE,
        )
    )


def _row(one: Candidate, today: Candidate, results: TuneResults) -> Row:
    marks = {results.today: "today's", results.pick: "pick"}
    return Row(
        label=one.label,
        size=numbers.whole(one.mean_bytes),
        size_change=f"{100 * (one.mean_bytes / today.mean_bytes - 1):+.1f} %",
        score=numbers.score(one.mean_ssimulacra2),
        score_change=f"{one.mean_ssimulacra2 - today.mean_ssimulacra2:+.1f}",
        cpu=numbers.ratio(one.cpu_ratio),
        mark=marks.get(one.label, ""),
    )


def _exhibits(results: TuneResults, folder: Path) -> list[tuple[Exhibit, Photo]]:
    trials = {today.picture: (today, pick) for today, pick in trials_of_both(results)}
    return [
        (_exhibit(number, photo, *trials[photo.name], folder), photo)
        for number, photo in enumerate(results.photos)
    ]


def _exhibit(number: int, photo: Photo, today: PictureTrial, pick: PictureTrial, folder: Path) -> Exhibit:
    return Exhibit(
        name=photo.name,
        trait=photo.trait,
        style=f"t{number}",
        today=thumbnail(folder / photo.today_file),
        pick=thumbnail(folder / photo.pick_file),
        lossless=thumbnail(folder / photo.lossless_file),
        today_text=f"{today.size_bytes:,} bytes, score {numbers.score(today.ssimulacra2)}",
        pick_text=f"{pick.size_bytes:,} bytes, score {numbers.score(pick.ssimulacra2)}",
        row=Row(
            label=photo.name,
            size=_arrow(numbers.whole(today.size_bytes), numbers.whole(pick.size_bytes)),
            size_change=f"{100 * (pick.size_bytes / today.size_bytes - 1):+.1f} %",
            score=_arrow(numbers.score(today.ssimulacra2), numbers.score(pick.ssimulacra2)),
            score_change=f"{pick.ssimulacra2 - today.ssimulacra2:+.1f}",
            cpu=numbers.ratio(pick.cpu_ratio),
            mark="",
        ),
    )


def _arrow(then: str, now: str) -> str:
    return f"{then} \N{RIGHTWARDS ARROW} {now}"
