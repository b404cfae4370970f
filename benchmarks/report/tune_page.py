"""The page of a sweep: the findings, the plots, and every picture's thumbnails side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.report.base import drawn, fill, thumbnail, write_report
from benchmarks.report.tune_findings import trials_of_both, tune_findings
from benchmarks.report.tune_plots import bytes_and_score_plot, cpu_and_bytes_plot
from benchmarks.tuning import results as stored
from benchmarks.tuning.results import Candidate, ComparedPhoto, PictureTrial, TuneResults
from harness.plotting import numbers
from harness.plotting.images import EmbeddedImage


@dataclass(frozen=True, kw_only=True)
class SettingRow:
    """One row of a table: a setting, or a picture under today's setting and the pick."""

    label: str
    size: str
    size_change: str
    score: str
    score_change: str
    cpu: str
    mark: str


@dataclass(frozen=True, kw_only=True)
class TunedPicture:
    """One picture with its thumbnails, which `css_class` holds."""

    name: str
    trait: str
    css_class: str
    today: EmbeddedImage
    pick: EmbeddedImage
    lossless: EmbeddedImage
    row: SettingRow
    today_text: str
    pick_text: str


def write_tune_report(results_path: Path, folder: Path) -> Path:
    """Write the page and the plots into a folder; the thumbnails lie beside the results."""
    results = stored.read(results_path)
    plots = [bytes_and_score_plot(results), cpu_and_bytes_plot(results)]
    trials = {today.picture: (today, pick) for today, pick in trials_of_both(results)}
    pictures = [
        (_picture(number, photo, *trials[photo.name], results_path.parent), photo.tuned_for)
        for number, photo in enumerate(results.photos)
    ]
    shown = [one for one in results.candidates if one.on_front or one.label in {results.today, results.pick}]
    page = fill(
        "tune.html.j2",
        results=results,
        findings=tune_findings(results),
        plots=drawn(plots),
        front=[_row(one, results) for one in shown],
        photos=[one for one, tuned_for in pictures if tuned_for],
        rest=[one for one, tuned_for in pictures if not tuned_for],
    )
    return write_report(folder, page, plots)


def _row(one: Candidate, results: TuneResults) -> SettingRow:
    today = results.candidate(results.today)
    marks = {results.today: "today's", results.pick: "pick"}
    return SettingRow(
        label=one.label,
        size=numbers.whole(one.mean_bytes),
        size_change=numbers.change_percent(today.mean_bytes, one.mean_bytes),
        score=numbers.score(one.mean_ssimulacra2),
        score_change=f"{one.mean_ssimulacra2 - today.mean_ssimulacra2:+.1f}",
        cpu=numbers.two_decimals(one.cpu_ratio),
        mark=marks.get(one.label, ""),
    )


def _picture(
    number: int, photo: ComparedPhoto, today: PictureTrial, pick: PictureTrial, folder: Path
) -> TunedPicture:
    return TunedPicture(
        name=photo.name,
        trait=photo.trait,
        css_class=f"t{number}",
        today=thumbnail(folder / photo.today_file),
        pick=thumbnail(folder / photo.pick_file),
        lossless=thumbnail(folder / photo.lossless_file),
        today_text=f"{today.size_bytes:,} bytes, score {numbers.score(today.ssimulacra2)}",
        pick_text=f"{pick.size_bytes:,} bytes, score {numbers.score(pick.ssimulacra2)}",
        row=SettingRow(
            label=photo.name,
            size=_arrow(numbers.whole(today.size_bytes), numbers.whole(pick.size_bytes)),
            size_change=numbers.change_percent(today.size_bytes, pick.size_bytes),
            score=_arrow(numbers.score(today.ssimulacra2), numbers.score(pick.ssimulacra2)),
            score_change=f"{pick.ssimulacra2 - today.ssimulacra2:+.1f}",
            cpu=numbers.two_decimals(pick.cpu_ratio),
            mark="",
        ),
    )


def _arrow(then: str, now: str) -> str:
    return f"{then} \N{RIGHTWARDS ARROW} {now}"
