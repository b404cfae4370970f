"""The tables of the report, their cells already in words."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from benchmarks.bench.results import Measurement, Results, SmallestMemory, SweepPoint
from benchmarks.report.findings import cold_start_ms, memory_choice
from benchmarks.report.selection import (
    SUCCESS,
    failures_last,
    focus,
    measurement,
    ours_first,
    reference,
    sweep_of,
)
from harness.plotting import numbers

_MEASURED = ("p50 ms", "p95 ms", "CPU ms", "peak MB", "bytes", "SSIMULACRA2", "USD per million")


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One row, and whether it shows a failure."""

    cells: list[str]
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; the first `words` columns are text, the others numbers."""

    name: str
    heads: list[str]
    rows: list[TableRow]
    words: int = 1


def reference_table(results: Results) -> Table | None:
    """Show the reference picture, and each contender's median as a multiple of ours."""
    picture, name = reference(results), focus(results)
    if picture is None:
        return None
    own = measurement(picture, name)
    rows = []
    for entry in failures_last(picture.measurements):
        times = numbers.EMPTY
        if own and own.p50_ms and entry.p50_ms:
            times = numbers.two_decimals(entry.p50_ms / own.p50_ms)
        row = _measured([entry.contender], entry)
        rows.append(TableRow(cells=[*row.cells, times], failed=row.failed))
    heads = ["contender", *_MEASURED, f"p50, times {name}'s"]
    return Table(name=f"Contenders at {picture.name}", heads=heads, rows=rows)


def all_numbers_table(results: Results) -> Table:
    """Show every picture and contender."""
    rows = [
        _measured([picture.name, entry.contender], entry)
        for picture in results.pictures
        for entry in ours_first(results, picture.measurements, lambda entry: entry.contender)
    ]
    return Table(
        name="Every picture and contender", heads=["picture", "contender", *_MEASURED], rows=rows, words=2
    )


def sweep_table(results: Results) -> Table | None:
    """Show the sweep, with the sizes that it recommends to each contender."""
    rows = [
        row
        for contender in ours_first(results, results.contenders, lambda entry: entry.name)
        for row in _sweep_rows(sweep_of(results, contender.name))
    ]
    heads = ["contender", "good for", "memory MB", "p50 ms", "p95 ms", "USD per million"]
    return Table(name="Memory sizes", heads=heads, rows=rows, words=2) if rows else None


def cold_start_table(results: Results) -> Table | None:
    """Show the cold starts, and the packages that they load."""
    rows = [
        TableRow(
            cells=[
                entry.name,
                entry.runtime,
                numbers.milliseconds(median(entry.cold_init_ms) if entry.cold_init_ms else None),
                numbers.milliseconds(median(entry.cold_first_ms) if entry.cold_first_ms else None),
                numbers.milliseconds(cold_start_ms(entry)),
                numbers.whole(len(entry.cold_init_ms)),
                numbers.file_size(entry.package_zip_bytes),
                numbers.file_size(entry.package_unzipped_bytes),
            ]
        )
        for entry in ours_first(results, results.contenders, lambda entry: entry.name)
    ]
    heads = ["contender", "runtime", "init ms", "first ms", "together ms", "starts", "zip", "unzipped"]
    return Table(name="Cold starts and packages", heads=heads, rows=rows, words=2) if rows else None


def smallest_memory_table(results: Results) -> Table | None:
    """Show the smallest memory with which everything passes."""
    rows = [
        TableRow(
            cells=[entry.contender, _set_by(entry), numbers.whole(entry.memory_mb)],
            failed=entry.memory_mb is None,
        )
        for entry in ours_first(results, results.smallest_memory, lambda entry: entry.contender)
    ]
    heads = ["contender", "set by", "memory MB"]
    return (
        Table(name="Smallest memory for all the pictures", heads=heads, rows=rows, words=2) if rows else None
    )


def largest_pictures_table(results: Results) -> Table | None:
    """Show how each contender ends with the most pixels, format by format."""
    rows = [
        TableRow(
            cells=[
                entry.contender,
                entry.format,
                entry.outcome,
                f"{entry.megapixels:,.0f}",
                numbers.memory(entry.peak_memory_bytes),
            ]
        )
        for entry in ours_first(results, results.largest_pictures, lambda entry: entry.contender)
    ]
    heads = ["contender", "format", "how it ends", "megapixels", "peak MB"]
    return Table(name="Pictures of the most pixels", heads=heads, rows=rows, words=3) if rows else None


def soak_table(results: Results) -> Table | None:
    """Show what many invocations did to the memory at rest."""
    rows = [
        TableRow(
            cells=[
                entry.contender,
                entry.verdict,
                numbers.whole(entry.invocations),
                numbers.memory(entry.memory_bytes[0] if entry.memory_bytes else None),
                numbers.memory(entry.memory_bytes[-1] if entry.memory_bytes else None),
                numbers.kilobytes_signed(entry.slope_bytes_per_invocation),
            ]
        )
        for entry in ours_first(results, results.soaks, lambda entry: entry.contender)
    ]
    heads = ["contender", "verdict", "invocations", "MB first", "MB last", "per invocation"]
    return Table(name="Memory at rest", heads=heads, rows=rows, words=2) if rows else None


def _set_by(entry: SmallestMemory) -> str:
    if entry.memory_mb is None:
        return "none of the sizes tried passes"
    return entry.needs or numbers.EMPTY


def _measured(names: list[str], entry: Measurement) -> TableRow:
    failed = entry.outcome != SUCCESS
    cells = [
        entry.outcome if failed else numbers.milliseconds(entry.p50_ms),
        numbers.milliseconds(entry.p95_ms),
        numbers.milliseconds(entry.median_cpu_ms),
        numbers.memory(entry.median_peak_bytes),
        numbers.whole(entry.bytes_out),
        numbers.score(entry.ssimulacra2),
        numbers.two_decimals(entry.usd_per_million),
    ]
    return TableRow(cells=[*names, *cells], failed=failed)


def _sweep_rows(points: list[SweepPoint]) -> list[TableRow]:
    choice = memory_choice(points)
    rows = []
    for point in points:
        good_for = [
            word for word in ("cheapest", "balanced", "fastest") if getattr(choice, word, None) is point
        ]
        failed = point.outcome != SUCCESS
        cells = [
            point.contender,
            point.outcome if failed else ", ".join(good_for),
            numbers.whole(point.memory_mb),
            numbers.milliseconds(point.p50_ms),
            numbers.milliseconds(point.p95_ms),
            numbers.two_decimals(point.usd_per_million),
        ]
        rows.append(TableRow(cells=cells, failed=failed))
    return rows
