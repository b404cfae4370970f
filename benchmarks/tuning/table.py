"""Prints what a sweep found: the pick, what it saves, and how to use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.tuning.results import Candidate, TuneResults

_LOG_WIDTH = 150


def print_results(results: TuneResults) -> None:
    """Print the tables and what to do with them."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_LOG_WIDTH)
    console.print(f"\naim: {results.aim_text}")
    for table in _tables(results):
        if table.row_count:
            console.print()
            console.print(table)
    console.print()
    for line in _lines(results):
        console.print(line, soft_wrap=True)


def _tables(results: TuneResults) -> Iterable[Table]:
    count = sum(photo.tuned_for for photo in results.photos)
    yield _outcomes(f"mean of {count} pictures", _told(results), results.candidate(results.today))
    if results.rest:
        rest = len(results.photos) - count
        yield _outcomes(
            f"the rest, {rest} readable fixtures that are no photos, not tuned for",
            [("today", results.rest[0]), ("pick", results.rest[1])],
            results.rest[0],
        )


def _told(results: TuneResults) -> list[tuple[str, Candidate]]:
    told = [("today", results.candidate(results.today)), ("pick", results.candidate(results.pick))]
    told += [
        (f"best {output}", results.candidate(label))
        for output, label in results.best.items()
        if label != results.pick
    ]
    return told + [("for more CPU", results.candidate(label)) for label in results.more_cpu]


def _outcomes(title: str, told: list[tuple[str, Candidate]], today: Candidate) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(
        ("", "setting", "bytes", "", "SSIMULACRA2", "", "encode CPU", "times today's")
    ):
        table.add_column(column, justify="left" if number < 2 else "right")  # noqa: PLR2004  the words
    for name, one in told:
        table.add_row(
            name,
            one.label,
            f"{one.mean_bytes:,.0f}",
            f"{100 * (one.mean_bytes / today.mean_bytes - 1):+.1f} %",
            f"{one.mean_ssimulacra2:.2f}",
            f"{one.mean_ssimulacra2 - today.mean_ssimulacra2:+.2f}",
            f"{one.mean_cpu_ms:.1f} ms",
            f"{one.cpu_ratio:.2f}",
        )
    return table


def _lines(results: TuneResults) -> Iterable[str]:
    saved = results.saved
    usd = saved.delivery_usd_a_month + saved.lambda_usd_a_month
    yield (
        f"the pick saves {saved.bytes_per_thumbnail:,.0f} bytes a thumbnail ({saved.percent:.1f} %) and"
        f" {usd:,.2f} USD a month: {saved.delivery_usd_a_month:,.2f} of delivery for {saved.views:,} views,"
        f" {saved.lambda_usd_a_month:,.4f} of Lambda for {saved.uploads:,} uploads at {saved.memory_mb} MB"
    )
    variables = results.candidate(results.pick).variables
    yield "to apply: " + " ".join(f"THUMBNAIL_{name.upper()}={value}" for name, value in variables.items())
    yield f"nox -s gate will say: {results.forecast}"
