"""Lines: what a memory size costs, and memory at rest over many invocations."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING, Final

from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.report.dots import apart, legend
from benchmarks.report.selection import SUCCESS, sweep_of
from benchmarks.report.verdict import memory_choice
from harness.plotting import numbers
from harness.plotting.canvas import NARROW_PX, SMALL_PX, TEXT_PX, points, quiet, sheet
from harness.plotting.palette import INK, MUTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.bench.results import Results, Soak, SweepPoint
    from harness.plotting.palette import Look

_PANEL_PX: Final = 330
_SOAK_PX: Final = 320
# A line has no more points than a screen has columns for it.
_MOST_POINTS: Final = 400
_LABEL_GAP: Final = 0.065


def memory_cost(results: Results, looks: Mapping[str, Look], *, focus: str | None, width_px: float) -> Figure:
    """Draw duration and cost over the memory size, with the sizes that the verdict names."""
    narrow = width_px < NARROW_PX
    shape = (2, 1) if narrow else (1, 2)
    figure = sheet(width_px, _PANEL_PX * shape[0] + (30 if narrow else 0))
    duration, cost = figure.subplots(*shape, squeeze=False).flat
    swept = {name: look for name, look in looks.items() if sweep_of(results, name)}
    _panel(duration, results, swept, lambda point: point.p50_ms, narrow=narrow)
    _panel(cost, results, swept, lambda point: point.usd_per_million, narrow=narrow)
    for axes, title in ((duration, "milliseconds (p50, warm)"), (cost, "USD per million thumbnails")):
        _logarithmic(axes)
        axes.set_title(title, loc="left", fontsize=points(TEXT_PX), fontweight="bold", pad=points(12))
    if choice := memory_choice(sweep_of(results, focus)):
        _mark(duration, {"fastest": choice.fastest, "balanced": choice.balanced}, lambda point: point.p50_ms)
        _mark(
            cost,
            {"cheapest": choice.cheapest, "balanced": choice.balanced},
            lambda point: point.usd_per_million,
        )
    legend(figure, swept, columns=2 if narrow else len(swept))
    return figure


def soak(soaks: Sequence[Soak], looks: Mapping[str, Look], *, width_px: float) -> Figure:
    """Draw the memory at rest after each invocation."""
    figure = sheet(width_px, _SOAK_PX)
    axes = figure.subplots()
    ends = []
    for entry in soaks:
        heights = [numbers.memory_mb(value) for value in _thinned(entry.memory_bytes)]
        step = (entry.invocations - 1) / max(1, len(heights) - 1)
        places = [1 + step * index for index in range(len(heights))]
        axes.plot(places, heights, color=looks[entry.contender].colour.light, linewidth=points(2))
        ends.append(heights[-1] if heights else 0.0)
    axes.set_ylim(bottom=0, top=max(ends, default=1.0) * 1.3 or 1.0)
    axes.set_xlim(left=1)
    quiet(axes, grid="y")
    axes.set_xlabel("invocation of one warm environment", loc="left")
    axes.set_ylabel("MB at rest", loc="bottom")
    axes.tick_params(axis="y", labelsize=points(SMALL_PX), labelcolor=MUTED.light)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _end_labels(axes, soaks, ends)
    return figure


def _panel(
    axes: Axes,
    results: Results,
    looks: Mapping[str, Look],
    value: Callable[[SweepPoint], float | None],
    *,
    narrow: bool,
) -> None:
    axes.set_xscale("log", base=2)
    for place, (name, look) in enumerate(looks.items()):
        pairs = [
            (point.memory_mb, height)
            for point in sweep_of(results, name)
            if point.outcome == SUCCESS and (height := value(point)) is not None
        ]
        axes.plot(
            [size for size, _ in pairs],
            [height for _, height in pairs],
            color=look.colour.light,
            marker=look.marker,
            markersize=points(7),
            linewidth=points(2),
            # The one that the report is about lies on top.
            zorder=4 - place / 10,
        )
    _crosses(axes, results, looks)
    axes.margins(x=0.09)
    quiet(axes, grid="y")
    sizes = sorted({point.memory_mb for point in results.sweep})
    axes.set_xticks(_ticks(sizes, least=0.75 if narrow else 0.45))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("memory size in MB", loc="left")


def _crosses(axes: Axes, results: Results, looks: Mapping[str, Look]) -> None:
    failed: dict[int, list[str]] = {}
    for name in looks:
        for point in sweep_of(results, name):
            if point.outcome != SUCCESS:
                failed.setdefault(point.memory_mb, []).append(name)
    for size, names in failed.items():
        for place, name in enumerate(names):
            # Below all lines, and one above the other: beside each other they would tell other sizes.
            axes.annotate(
                "\N{MULTIPLICATION SIGN}",
                (size, 0),
                xycoords=axes.get_xaxis_transform(),
                xytext=(0, points(8 + 11 * place)),
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize=points(17),
                fontweight="bold",
                color=looks[name].colour.light,
            )


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", length=0, labelsize=points(SMALL_PX), labelcolor=MUTED.light)
    low, high = axes.get_ylim()
    # Room below the lines for the names of the marked sizes.
    axes.set_ylim(low / (high / low) ** 0.42, high)


def _ticks(sizes: Sequence[int], *, least: float) -> list[int]:
    kept: list[int] = []
    for size in sizes:
        if not kept or log2(size / kept[-1]) >= least:
            kept.append(size)
    return kept


def _mark(axes: Axes, sizes: Mapping[str, SweepPoint], value: Callable[[SweepPoint], float | None]) -> None:
    names: dict[int, list[str]] = {}
    found = {point.memory_mb: value(point) for point in sizes.values()}
    for name, point in sizes.items():
        names.setdefault(point.memory_mb, []).append(name)
    # Where the lines begin.
    smallest = axes.get_xticks()[0]
    for size, labels in names.items():
        axes.plot(
            size,
            found[size] or 0.0,
            marker="o",
            markersize=points(16),
            markerfacecolor="none",
            markeredgecolor=INK.light,
            markeredgewidth=points(1.5),
            zorder=5,
        )
        axes.annotate(
            " and ".join(labels),
            (size, found[size] or 0.0),
            xytext=(-points(8) if size == smallest else 0, -points(13)),
            textcoords="offset points",
            # At the left edge it would reach into the scale.
            ha="left" if size == smallest else "center",
            va="top",
            fontsize=points(SMALL_PX),
        )


def _thinned(values: Sequence[int]) -> list[int]:
    # The last one stays: the labels stand there.
    step = -(-len(values) // _MOST_POINTS) or 1
    return [*values[:-1:step], *values[-1:]]


def _end_labels(axes: Axes, soaks: Sequence[Soak], ends: Sequence[float]) -> None:
    low, high = axes.get_ylim()
    for entry, height in zip(soaks, apart(ends, (high - low) * _LABEL_GAP), strict=True):
        axes.annotate(
            entry.contender,
            (1.0, height),
            xycoords=("axes fraction", "data"),
            xytext=(points(6), 0),
            textcoords="offset points",
            va="center",
            fontsize=points(SMALL_PX),
            annotation_clip=False,
        )
