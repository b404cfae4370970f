"""The figures of a sweep for a document: the part between its two marks is written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.tuning.results import Candidate, PictureTrial, TuneResults

_BEGIN = "<!-- figures of nox -s tune: begin -->\n"
_END = "<!-- figures of nox -s tune: end -->\n"


class NoPlaceForFiguresError(ThumbrigError):
    """Raised when a document has no marks to write between, or cannot be written."""

    def __init__(self, path: Path, came: str) -> None:
        super().__init__(
            f"{path}: expected a text with {_BEGIN.strip()!r} and its end, got {came}; add both marks"
        )


def write_figures(results: TuneResults, path: Path) -> None:
    """Replace the figures in a document."""
    try:
        text = path.read_text()
        before, begin, rest = text.partition(_BEGIN)
        _, end, after = rest.partition(_END)
        if not (begin and end):
            raise NoPlaceForFiguresError(path, "one without")
        path.write_text(before + begin + "\n" + to_markdown(results) + "\n" + end + after)
    except OSError as exc:
        raise NoPlaceForFiguresError(path, str(exc.strerror)) from exc


def to_markdown(results: TuneResults) -> str:
    """Write tables: settings, the photos, and the rest."""
    parts = [_settings(results), _photos(results)]
    if results.rest:
        parts.append(_rest(*results.rest))
    parts += [_savings(results), f"`nox -s gate` on its way there: {results.forecast}.", _made_with(results)]
    return "\n\n".join(parts) + "\n"


def _settings(results: TuneResults) -> str:
    today = results.candidate(results.today)
    named = {"today's": results.today, "**the pick**": results.pick}
    named |= {f"best {output}": label for output, label in results.best.items() if label != results.pick}
    named |= {f"more CPU {number}": label for number, label in enumerate(results.more_cpu, 1)}
    rows = [
        f"| {name} | `{label}` | {_figures(results.candidate(label), today)} |"
        for name, label in named.items()
    ]
    head = "| | setting | bytes | | SSIMULACRA2 | | CPU, times today's |\n|---|---|--:|--:|--:|--:|--:|"
    return "\n".join([f"Aim: {results.aim_text}.", "", head, *rows])


def _figures(one: Candidate, today: Candidate) -> str:
    return (
        f"{one.mean_bytes:,.0f} | {_percent(one.mean_bytes, today.mean_bytes)} | {one.mean_ssimulacra2:.1f} |"
        f" {one.mean_ssimulacra2 - today.mean_ssimulacra2:+.2f} | {one.cpu_ratio:.2f}"
    )


def _photos(results: TuneResults) -> str:
    today, pick = results.candidate(results.today), results.candidate(results.pick)
    rows = [_photo(*pair) for pair in zip(today.trials, pick.trials, strict=True)]
    head = "| photo | bytes | the pick's | | SSIMULACRA2 | the pick's | |\n|---|--:|--:|--:|--:|--:|--:|"
    return "\n".join([head, *rows])


def _photo(today: PictureTrial, pick: PictureTrial) -> str:
    return (
        f"| {today.picture} | {today.size_bytes:,} | {pick.size_bytes:,} |"
        f" {_percent(pick.size_bytes, today.size_bytes)} | {today.ssimulacra2:.1f} | {pick.ssimulacra2:.1f} |"
        f" {pick.ssimulacra2 - today.ssimulacra2:+.1f} |"
    )


def _rest(today: Candidate, pick: Candidate) -> str:
    return (
        f"The other {len(today.trials)} readable fixtures are no photos and were not tuned for:"
        f" {_percent(pick.mean_bytes, today.mean_bytes)} bytes and"
        f" {pick.mean_ssimulacra2 - today.mean_ssimulacra2:+.2f} points in the mean."
    )


def _savings(results: TuneResults) -> str:
    saved = results.saved
    usd = saved.delivery_usd_a_month + saved.lambda_usd_a_month
    return (
        f"Saved with {saved.views:,} views and {saved.uploads:,} uploads a month:"
        f" {saved.bytes_per_thumbnail:,.0f} bytes a thumbnail ({saved.percent:.1f} %), {usd:,.2f} USD."
    )


def _made_with(results: TuneResults) -> str:
    environment = results.environment
    skipped = {"code"}
    versions = ", ".join(f"{name} {at}" for name, at in environment.versions.items() if name not in skipped)
    return (
        f"{len(results.candidates):,} settings, {environment.date}, {environment.machine},"
        f" {environment.workers} workers; {versions}."
    )


def _percent(now: float, then: float) -> str:
    return f"{100 * (now / then - 1):+.1f} %"
