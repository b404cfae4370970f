"""Prints what a run of the scenarios came to."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from rich.table import Table

from harness.console import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scenarios.journal import Journal, Row


def print_summary(
    journal: Journal, *, peaks_mb: Sequence[int], limits: str, started_seconds: float, ended_seconds: float
) -> None:
    """Print the table of scenarios, then times (all on the clock of `time.monotonic`), memory and limits."""
    out = console()
    out.print()
    out.print(_table(journal))
    out.print()
    for line in _times(journal, started_seconds=started_seconds, ended_seconds=ended_seconds):
        out.print(line, soft_wrap=True)
    if peaks_mb:
        out.print(_memory(peaks_mb), soft_wrap=True)
    out.print(limits, soft_wrap=True)


def _table(journal: Journal) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scenario", overflow="fold")
    for title in ("verdict", "pictures", "visible", "bytes in", "bytes out"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, row in journal.rows.items():
        table.add_row(name, *_cells(row))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    verdict = ", ".join(f"{count} {outcome}" for outcome, count in Counter(row.outcomes).items())
    visible = row.median_visible_seconds
    if visible is None:
        return verdict, "", "", "", ""
    return (
        verdict,
        str(len(row.visible_seconds)),
        f"{visible * 1000:.0f} ms",
        f"{row.bytes_in:,}",
        f"{row.bytes_out:,}",
    )


def _times(journal: Journal, *, started_seconds: float, ended_seconds: float) -> list[str]:
    lines = []
    if journal.first_thumbnail_seconds is not None:
        lines.append(f"start to first thumbnail   {journal.first_thumbnail_seconds - started_seconds:6.2f} s")
    lines.append(f"start to verdict           {ended_seconds - started_seconds:6.2f} s")
    if journal.cold_seconds:
        lines.append(f"reference photo, cold      {_milliseconds(journal.cold_seconds)}")
    if journal.warm_seconds:
        lines.append(f"reference photo, warm      {_milliseconds(journal.warm_seconds)}")
    return lines


def _memory(peaks_mb: Sequence[int]) -> str:
    return (
        f"peak of an invocation      {median(peaks_mb):6.0f} MB, median of {len(peaks_mb)}; "
        f"{max(peaks_mb)} MB the highest"
    )


def _milliseconds(seconds: list[float]) -> str:
    count = f"median of {len(seconds)}" if len(seconds) > 1 else "one upload"
    return f"{median(seconds) * 1000:6.0f} ms upload to visible, {count}"
