"""The plots of a benchmark's report, in their order; each only where the results have what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.report import bars, dots, lines
from benchmarks.report.selection import SUCCESS, fastest_first, focus, reference
from harness.plotting.canvas import Plot
from harness.plotting.palette import looks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.bench.results import Measurement, Results
    from harness.plotting.palette import Look

_FULL_PX: Final = 1040
_HALF_PX: Final = 508


def plots(results: Results) -> list[Plot]:
    """List the plots that the results have the numbers for."""
    makers = (_latency, _memory, _memory_cost, _all_pictures, _quality, _soak)
    return [plot for maker in makers if (plot := maker(results))]


def _latency(results: Results) -> Plot | None:
    picture = reference(results)
    if picture is None:
        return None
    rows = [bars.latency_bar(entry) for entry in _ranked(picture.measurements)]
    return Plot(
        name="latency",
        title=f"Latency: {picture.name} at {results.environment.memory_mb:,} MB",
        alt="Bars of latency: " + "; ".join(f"{bar.contender} {bar.text}" for bar in rows),
        caption="Warm invocations, fastest first. Bar: p50; whisker: up to p95.",
        width_px=_HALF_PX,
        draw=lambda width_px: bars.latency(rows, _looks(results), width_px=width_px),
    )


def _memory(results: Results) -> Plot | None:
    picture = reference(results)
    if picture is None:
        return None
    rows = [bars.memory_bar(entry) for entry in _ranked(picture.measurements)]
    limit_mb = results.environment.memory_mb
    return Plot(
        name="memory",
        title=f"Peak memory: {picture.name}",
        alt=f"Bars of peak memory below a line at {limit_mb} MB: "
        + "; ".join(f"{bar.contender} {bar.text}" for bar in rows),
        caption="The same order. Bar: median; whisker: lowest to highest.",
        width_px=_HALF_PX,
        draw=lambda width_px: bars.peak_memory(rows, _looks(results), width_px=width_px, limit_mb=limit_mb),
    )


def _memory_cost(results: Results) -> Plot | None:
    if not any(point.outcome == SUCCESS and point.p50_ms for point in results.sweep):
        return None
    return Plot(
        name="memory-cost",
        title="What a memory size buys: duration and cost",
        alt="Lines of duration and of cost per million thumbnails over the memory size, one a contender;"
        " the table below has their numbers",
        caption="The reference picture at each memory size, with the CPU share that goes with it."
        " Both scales are logarithmic; x at the bottom: it failed at that size.",
        width_px=_FULL_PX,
        draw=lambda width_px: lines.memory_cost(
            results, _looks(results), focus=focus(results), width_px=width_px
        ),
    )


def _all_pictures(results: Results) -> Plot | None:
    made = [picture for picture in results.pictures if fastest_first(picture.measurements)]
    if len(made) < 2:  # noqa: PLR2004  the bars show one already
        return None
    left_out = len(results.pictures) - len(made)
    return Plot(
        name="all-pictures",
        title="All pictures: p50 of each contender",
        alt=f"Dots of the median duration of each contender at {len(made)} pictures, on a logarithmic scale;"
        " the table of all numbers has them",
        caption="Warm invocations, slowest picture on top; x at the right edge: not made by that contender."
        + (f" Left out are {left_out} that no contender made." if left_out else ""),
        width_px=_FULL_PX,
        draw=lambda width_px: dots.all_pictures(
            made, _looks(results), focus=focus(results), width_px=width_px
        ),
    )


def _quality(results: Results) -> Plot | None:
    if not dots.quality_panels(results):
        return None
    return Plot(
        name="quality",
        title="Quality for bytes: SSIMULACRA2",
        alt="Dots of SSIMULACRA2 over bytes, one a contender; the tables have their numbers",
        caption="Up and to the left is better. 100 is the lossless thumbnail, 70 high quality, 50 medium.",
        width_px=_FULL_PX,
        draw=lambda width_px: dots.quality(results, _looks(results), width_px=width_px),
    )


def _soak(results: Results) -> Plot | None:
    soaks = [entry for entry in results.soaks if entry.memory_bytes]
    if not soaks:
        return None
    return Plot(
        name="soak",
        title="Memory at rest over many invocations",
        alt="Lines of memory at rest: " + "; ".join(f"{entry.contender} {entry.verdict}" for entry in soaks),
        caption="A line that keeps rising is a leak.",
        width_px=_FULL_PX,
        draw=lambda width_px: lines.soak(soaks, _looks(results), width_px=width_px),
    )


def _ranked(measurements: list[Measurement]) -> list[Measurement]:
    # Failures go last, where they do not push the bars apart.
    ranked = fastest_first(measurements)
    return ranked + [entry for entry in measurements if entry not in ranked]


def _looks(results: Results) -> Mapping[str, Look]:
    names = [contender.name for contender in results.contenders]
    return looks(names, first=focus(results) or "")
