"""The benchmark's page: one file that holds everything, opened from disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import results as stored
from benchmarks.bench.results import MeasuredPicture, Measurement, Results
from benchmarks.report import tables
from benchmarks.report.bars import latency_plot, memory_plot
from benchmarks.report.base import drawn, fill, thumbnail, write_report
from benchmarks.report.dots import all_pictures_plot, quality_plot
from benchmarks.report.findings import BALANCED_MEANING, bench_findings
from benchmarks.report.lines import memory_cost_plot, soak_plot
from benchmarks.report.selection import SUCCESS, focus, ours_first, reference, styles_of
from harness.plotting import numbers
from harness.plotting.canvas import Plot
from harness.plotting.images import EmbeddedImage, preview


@dataclass(frozen=True, kw_only=True)
class GalleryThumbnail:
    """One contender's thumbnail, or how it failed."""

    contender: str
    shown: EmbeddedImage | None
    css_class: str  # it holds the thumbnail, once for all the places that show it
    bytes_out: str
    score: str
    outcome: str
    failed: bool


@dataclass(frozen=True, kw_only=True)
class GalleryPicture:
    """What went in, and what each contender made of it."""

    name: str
    trait: str
    described: str
    original: EmbeddedImage | None
    thumbnails: list[GalleryThumbnail]

    @property
    def enlargeable(self) -> bool:
        """Check whether there is a thumbnail to look at closely."""
        return any(entry.shown for entry in self.thumbnails)


def write_bench_report(results_path: Path, folder: Path) -> Path:
    """Write the page and the plots into a folder; the pictures lie beside the results."""
    results = stored.read(results_path)
    return write_report(folder, bench_page(results, results_path.parent), _plots(results))


def bench_page(results: Results, folder: Path) -> str:
    """Make the page; `folder` has the files that the results name."""
    picture = reference(results)
    return fill(
        "bench.html.j2",
        results=results,
        environment=results.environment,
        findings=bench_findings(results),
        focus=focus(results),
        reference=picture.name if picture else None,
        styles=styles_of(results),
        plots=drawn(_plots(results)),
        tables={
            "reference": tables.reference_table(results),
            "everything": tables.all_numbers_table(results),
            "sweep": tables.sweep_table(results),
            "cold_starts": tables.cold_start_table(results),
            "smallest_memory": tables.smallest_memory_table(results),
            "largest_pictures": tables.largest_pictures_table(results),
            "soak": tables.soak_table(results),
        },
        gallery=[_picture(number, entry, results, folder) for number, entry in enumerate(results.pictures)],
        balanced_meaning=BALANCED_MEANING,
    )


def _plots(results: Results) -> list[Plot]:
    makers = (latency_plot, memory_plot, memory_cost_plot, all_pictures_plot, quality_plot, soak_plot)
    return [plot for maker in makers if (plot := maker(results))]


def _picture(number: int, picture: MeasuredPicture, results: Results, folder: Path) -> GalleryPicture:
    entries = ours_first(results, picture.measurements, lambda entry: entry.contender)
    pixels = f"{picture.width:,} \N{MULTIPLICATION SIGN} {picture.height:,}, " if picture.width else ""
    return GalleryPicture(
        name=picture.name,
        trait=picture.trait,
        described=f"{pixels}{numbers.file_size(picture.bytes_in)}",
        original=preview(folder / picture.original),
        thumbnails=[_thumbnail(f"t{number}-{place}", entry, folder) for place, entry in enumerate(entries)],
    )


def _thumbnail(css_class: str, entry: Measurement, folder: Path) -> GalleryThumbnail:
    return GalleryThumbnail(
        contender=entry.contender,
        shown=thumbnail(folder / entry.thumbnail) if entry.thumbnail else None,
        css_class=css_class,
        bytes_out=numbers.whole(entry.bytes_out),
        score=numbers.score(entry.ssimulacra2),
        outcome=entry.outcome,
        failed=entry.outcome != SUCCESS,
    )
