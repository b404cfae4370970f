"""Prints how a search goes and what it found, and writes its figures into a document."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.progress import MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from benchmarks.tuning.results import Candidate, TuneResults
from harness.console import console
from harness.files import Markers, replace_file

_MARKERS = Markers("figures of nox -s tune")


def show(stage: str, total: int, done: Iterator[int]) -> None:
    """Run a stage to its end; `done` yields how many trials each step has added.

    A terminal shows a bar and the time left, a log one line for each stage.
    """
    output = console(stderr=True)
    start = time.monotonic()
    # Name, bar, part done and time left.
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TextColumn("trials"))
    with Progress(*columns, console=output, transient=True, disable=not output.is_terminal) as bar:
        task = bar.add_task(stage, total=total)
        for count in done:
            bar.advance(task, count)
    output.print(f"{stage}: {total:,} trials in {time.monotonic() - start:.1f} s")


def print_results(results: TuneResults) -> None:
    """Print the tables, what the pick saves, and how to apply it."""
    output = console()
    output.print(f"\naim: {results.aim_text}")
    for table in _tables(results):
        output.print()
        output.print(table)
    output.print()
    for line in _lines(results):
        output.print(line, soft_wrap=True)


def _tables(results: TuneResults) -> Iterable[Table]:
    count = sum(photo.tuned_for for photo in results.photos)
    today, pick = results.candidate(results.today), results.candidate(results.pick)
    rows = [("today", today), ("pick", pick)]
    rows += [(f"best {output}", one) for output, one in _other_best(results)]
    rows += [("for more CPU", results.candidate(label)) for label in results.more_cpu]
    yield _table(f"mean of {count} pictures", rows)
    if results.rest:
        rest = len(results.photos) - count
        title = f"the rest, {rest} readable fixtures that are not photos, not tuned for"
        yield _table(title, list(zip(("today", "pick"), results.rest, strict=True)))


def _other_best(results: TuneResults) -> list[tuple[str, Candidate]]:
    """Return the best of each format but the pick's."""
    return [
        (output, results.candidate(label)) for output, label in results.best.items() if label != results.pick
    ]


def _table(title: str, rows: list[tuple[str, Candidate]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in ("", "setting"):
        table.add_column(column)
    for column in ("bytes", "", "SSIMULACRA2", "", "encode CPU", "times today's"):
        table.add_column(column, justify="right")
    (_, today), *_ = rows
    for name, one in rows:
        table.add_row(
            name,
            one.label,
            f"{one.mean_bytes:,.0f}",
            _percent(one.mean_bytes, today.mean_bytes),
            f"{one.mean_ssimulacra2:.2f}",
            f"{one.mean_ssimulacra2 - today.mean_ssimulacra2:+.2f}",
            f"{one.mean_cpu_ms:.1f} ms",
            f"{one.cpu_ratio:.2f}",
        )
    return table


def _lines(results: TuneResults) -> Iterable[str]:
    saved = results.saved
    yield (
        f"the pick saves {saved.bytes_per_thumbnail:,.0f} bytes a thumbnail ({saved.percent:.1f} %) and"
        f" {saved.usd_a_month:,.2f} USD a month: {saved.delivery_usd_a_month:,.2f} of delivery for"
        f" {saved.views:,} views, {saved.lambda_usd_a_month:,.4f} of Lambda for {saved.uploads:,} uploads at"
        f" {saved.memory_mb} MB"
    )
    variables = results.candidate(results.pick).variables
    yield "to apply: " + " ".join(f"THUMBNAIL_{name.upper()}={value}" for name, value in variables.items())
    yield f"nox -s gate will say: {results.forecast}"


def write_figures(results: TuneResults, path: Path) -> None:
    """Replace the figures in a document, between its two markers."""
    replace_file(path, _MARKERS.inserted(path, "\n" + to_markdown(results) + "\n"))


def to_markdown(results: TuneResults) -> str:
    """Return the tables for a document: settings, the photos, and the rest."""
    today, pick = results.candidate(results.today), results.candidate(results.pick)
    parts = [_settings(results, today, pick), _photos(today, pick)]
    if results.rest:
        parts.append(_rest(*results.rest))
    saved, environment = results.saved, results.environment
    versions = ", ".join(f"{name} {at}" for name, at in environment.versions.items() if name != "code")
    parts.append(
        f"Savings at {saved.views:,} views and {saved.uploads:,} uploads a month:"
        f" {saved.bytes_per_thumbnail:,.0f} bytes per thumbnail ({saved.percent:.1f} %),"
        f" or {saved.usd_a_month:,.2f} USD per month."
    )
    parts.append(f"`nox -s gate` with the pick: {results.forecast}.")
    parts.append(
        f"{len(results.candidates):,} settings, {environment.date}, {environment.machine},"
        f" {environment.workers} workers; {versions}."
    )
    return "\n\n".join(parts) + "\n"


def _settings(results: TuneResults, today: Candidate, pick: Candidate) -> str:
    named = [("today's", today), ("**the pick**", pick)]
    named += [(f"best {output}", one) for output, one in _other_best(results)]
    named += [(f"for more CPU {n}", results.candidate(label)) for n, label in enumerate(results.more_cpu, 1)]
    rows = [
        f"| {name} | `{one.label}` | {one.mean_bytes:,.0f} | {_percent(one.mean_bytes, today.mean_bytes)} |"
        f" {one.mean_ssimulacra2:.1f} | {one.mean_ssimulacra2 - today.mean_ssimulacra2:+.2f} |"
        f" {one.cpu_ratio:.2f} |"
        for name, one in named
    ]
    head = "| | setting | bytes | | SSIMULACRA2 | | CPU, relative to today's |\n|---|---|--:|--:|--:|--:|--:|"
    return "\n".join([f"Aim: {results.aim_text}.", "", head, *rows])


def _photos(today: Candidate, pick: Candidate) -> str:
    rows = [
        f"| {then.picture} | {then.size_bytes:,} | {now.size_bytes:,} |"
        f" {_percent(now.size_bytes, then.size_bytes)} | {then.ssimulacra2:.1f} | {now.ssimulacra2:.1f} |"
        f" {now.ssimulacra2 - then.ssimulacra2:+.1f} |"
        for then, now in zip(today.trials, pick.trials, strict=True)
    ]
    head = "| photo | bytes | the pick's | | SSIMULACRA2 | the pick's | |\n|---|--:|--:|--:|--:|--:|--:|"
    return "\n".join([head, *rows])


def _rest(today: Candidate, pick: Candidate) -> str:
    return (
        f"The other {len(today.trials)} readable fixtures are not photos, and were not tuned for:"
        f" {_percent(pick.mean_bytes, today.mean_bytes)} bytes and"
        f" {pick.mean_ssimulacra2 - today.mean_ssimulacra2:+.2f} points on average."
    )


def _percent(now: float, then: float) -> str:
    return f"{100 * (now / then - 1):+.1f} %"
