"""Writes the report of a benchmark: a page and plots, from `results.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.bench import results
from benchmarks.report.page import render
from benchmarks.report.plots import plots

if TYPE_CHECKING:
    from pathlib import Path


def write_bench_report(results_path: Path, folder: Path) -> Path:
    """Write `index.html` and the plots into a folder, and return the page's path.

    Originals and thumbnails are read from the folder of the results.
    """
    measured = results.read(results_path)
    folder.mkdir(parents=True, exist_ok=True)
    # First: it is what finds out that a file is missing.
    text = render(measured, results_path.parent)
    for plot in plots(measured):
        plot.write_png(folder)
    page = folder / "index.html"
    page.write_text(text, encoding="utf-8")
    return page
