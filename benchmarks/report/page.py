"""The page: one file that holds everything, opened from disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from benchmarks.report import TEMPLATES, tables
from benchmarks.report.gallery import gallery
from benchmarks.report.plots import plots
from benchmarks.report.selection import focus, reference
from benchmarks.report.verdict import BALANCED_MEANING, verdict
from harness.plotting.palette import PAGE, looks
from harness.plotting.templating import templates

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.bench.results import Results
    from harness.plotting.canvas import Plot


def render(results: Results, folder: Path) -> str:
    """Make the page; `folder` is where the files are that the results name."""
    name, picture = focus(results), reference(results)
    template = templates(TEMPLATES).get_template("bench.html.j2")
    return template.render(
        results=results,
        environment=results.environment,
        verdict=verdict(results),
        focus=name,
        reference=picture.name if picture else None,
        looks=looks([contender.name for contender in results.contenders], first=name or ""),
        plots={plot.name: drawn(plot) for plot in plots(results)},
        tables=_tables(results),
        gallery=gallery(results, folder),
        balanced_meaning=BALANCED_MEANING,
        page_colours=PAGE,
    )


def drawn(plot: Plot) -> dict[str, object]:
    """Draw a plot at both widths, with its texts."""
    return {
        "title": plot.title,
        "alt": plot.alt,
        "caption": plot.caption,
        "width_px": plot.width_px,
        # Drawn by the rig itself, which escapes the texts in it.
        "wide": Markup(plot.wide_svg()),  # noqa: S704  see above
        "narrow": Markup(plot.narrow_svg()),  # noqa: S704  see above
    }


def _tables(results: Results) -> dict[str, tables.Table | None]:
    return {
        "reference": tables.reference_table(results),
        "everything": tables.all_numbers_table(results),
        "sweep": tables.sweep_table(results),
        "cold_starts": tables.cold_start_table(results),
        "smallest_memory": tables.smallest_memory_table(results),
        "largest_pictures": tables.largest_pictures_table(results),
        "soak": tables.soak_table(results),
    }
