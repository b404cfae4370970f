"""Writes the report of a sweep: a page and plots, from `results.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.report.tune_page import render
from benchmarks.report.tune_plots import plots
from benchmarks.tuning import results

if TYPE_CHECKING:
    from pathlib import Path


def write_tune_report(results_path: Path, folder: Path) -> Path:
    """Write `index.html` and the plots into a folder, and return the page's path.

    Thumbnails are read from the folder of the results.
    """
    found = results.read(results_path)
    folder.mkdir(parents=True, exist_ok=True)
    # First: it is what finds out that a file is missing.
    text = render(found, results_path.parent)
    for plot in plots(found):
        plot.write_png(folder)
    page = folder / "index.html"
    page.write_text(text, encoding="utf-8")
    return page
