"""Prints what was measured: a table for each question."""

from __future__ import annotations

from statistics import geometric_mean, median

from rich.table import Table

from benchmarks.bench.results import Measurement, Results
from harness.console import console

_MB = 2**20


def print_results(results: Results) -> None:
    """Print all tables that there are figures for."""
    output = console()
    for table in (_pictures(results), _cold(results), _sweep(results), _limits(results)):
        if table.row_count:
            output.print()
            output.print(table)


def _pictures(results: Results) -> Table:
    held = results.environment
    title = f"{held.memory_mb} MB, cpu {held.cpu}, {held.limiter}"
    table = _table(
        title, "picture", "contender", "p50", "p95", "CPU", "peak", "bytes", "SSIMULACRA2", "USD/million"
    )
    for picture in results.pictures:
        for entry in picture.measurements:
            table.add_row(picture.name, entry.contender, *_cells(entry))
    return table


def _cells(entry: Measurement) -> tuple[str, ...]:
    if entry.p50_ms is None or entry.p95_ms is None:
        return (entry.outcome,)
    return (
        f"{entry.p50_ms:.1f} ms",
        f"{entry.p95_ms:.1f} ms",
        f"{entry.median_cpu_ms or 0:.1f} ms",
        f"{(entry.median_peak_bytes or 0) / _MB:.0f} MB",
        f"{entry.bytes_out:,}",
        f"{entry.ssimulacra2:.1f}",
        f"{entry.usd_per_million:.2f}",
    )


def _cold(results: Results) -> Table:
    table = _table(
        "cold starts", "contender", "init", "first invocation", "both", "zip", "unzipped", "mean p50"
    )
    for contender in results.contenders:
        init, first = contender.cold_init_ms, contender.cold_first_ms
        if not init:
            table.add_row(contender.name, "failed")
            continue
        both = median(a + b for a, b in zip(init, first, strict=True))
        p50s = [
            entry.p50_ms
            for picture in results.pictures
            for entry in picture.measurements
            if entry.contender == contender.name and entry.p50_ms
        ]
        table.add_row(
            contender.name,
            f"{median(init):.0f} ms",
            f"{median(first):.0f} ms",
            f"{both:.0f} ms",
            f"{contender.package_zip_bytes / 1e6:.1f} MB",
            f"{contender.package_unzipped_bytes / 1e6:.1f} MB",
            f"{geometric_mean(p50s):.1f} ms" if p50s else "",
        )
    return table


def _sweep(results: Results) -> Table:
    table = _table("memory sweep", "contender", "memory", "p50", "USD/million")
    for point in results.sweep:
        p50 = f"{point.p50_ms:.1f} ms" if point.p50_ms else point.outcome
        price = f"{point.usd_per_million:.2f}" if point.usd_per_million else ""
        table.add_row(point.contender, f"{point.memory_mb} MB", p50, price)
    return table


def _limits(results: Results) -> Table:
    table = _table("limits", "contender", "question", "answer")
    for smallest in results.smallest_memory:
        answer = f"{smallest.memory_mb} MB" if smallest.memory_mb else "none of the sizes tried"
        answer += f", below that {smallest.needs} fails" if smallest.needs else ""
        table.add_row(smallest.contender, "smallest memory for all pictures", answer)
    for largest in results.largest_pictures:
        answer = f"{largest.outcome}, peak {largest.peak_memory_bytes / _MB:.0f} MB"
        table.add_row(largest.contender, f"{largest.megapixels:.0f} megapixels of {largest.format}", answer)
    for soak in results.soaks:
        answer = f"{soak.verdict}, {soak.slope_bytes_per_invocation:+.0f} bytes an invocation"
        table.add_row(soak.contender, f"{soak.invocations} invocations", answer)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(
            column, justify="left" if number < 1 or column in {"contender", "question"} else "right"
        )
    return table
