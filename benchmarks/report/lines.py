"""Lines: what a memory size costs, and memory at rest over many invocations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log2
from typing import TYPE_CHECKING, Final

from matplotlib.ticker import LogLocator

from benchmarks.report.dots import apart
from benchmarks.report.findings import memory_choice
from benchmarks.report.selection import SUCCESS, focus, styles_of, sweep_of
from harness.plotting import numbers
from harness.plotting.canvas import TEXT_PX, Plot, key, legend, note, points, quiet, sheet
from harness.plotting.palette import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.bench.results import Results, Soak, SweepPoint
    from harness.plotting.palette import Style

_WIDTH_PX: Final = 1040
_PANEL_PX: Final = 330
_SOAK_PX: Final = 320
# A line has no more points than a screen has columns for it.
_MOST_POINTS: Final = 400
_LABEL_GAP: Final = 0.065
_PANELS: Final[tuple[tuple[str, Callable[[SweepPoint], float | None], str], ...]] = (
    ("milliseconds (p50, warm)", lambda point: point.p50_ms, "fastest"),
    ("USD per million thumbnails", lambda point: point.usd_per_million, "cheapest"),
)


def memory_cost_plot(results: Results) -> Plot | None:
    """Plot duration and cost over the memory size, with the sizes that the findings name."""
    if not any(point.outcome == SUCCESS and point.p50_ms for point in results.sweep):
        return None
    swept = {name: style for name, style in styles_of(results).items() if sweep_of(results, name)}
    choice = memory_choice(sweep_of(results, focus(results)))

    def draw() -> Figure:
        figure = sheet(_WIDTH_PX, _PANEL_PX)
        for axes, (title, value, best) in zip(figure.subplots(1, 2), _PANELS, strict=True):
            _panel(axes, results, swept, value)
            _logarithmic(axes)
            axes.set_title(title, loc="left", fontsize=points(TEXT_PX), fontweight="bold", pad=points(12))
            if choice:
                _mark(axes, {best: getattr(choice, best), "balanced": choice.balanced}, value)
        legend(figure, [key(name, style.marker, style.colour) for name, style in swept.items()])
        return figure

    return Plot(
        name="memory-cost",
        title="What a memory size buys: duration and cost",
        alt="Lines of duration and of cost per million thumbnails over the memory size, one a contender;"
        " the table below has their numbers",
        caption="The reference picture at each memory size, with the CPU share that goes with it."
        " Both scales are logarithmic; x at the bottom: it failed at that size.",
        width_px=_WIDTH_PX,
        draw=draw,
    )


def soak_plot(results: Results) -> Plot | None:
    """Plot the memory at rest after each invocation."""
    soaks = [entry for entry in results.soaks if entry.memory_bytes]
    if not soaks:
        return None
    return Plot(
        name="soak",
        title="Memory at rest over many invocations",
        alt="Lines of memory at rest: " + "; ".join(f"{entry.contender} {entry.verdict}" for entry in soaks),
        caption="A line that keeps rising is a leak.",
        width_px=_WIDTH_PX,
        draw=lambda: _soak(soaks, styles_of(results)),
    )


def _soak(soaks: Sequence[Soak], styles: Mapping[str, Style]) -> Figure:
    figure = sheet(_WIDTH_PX, _SOAK_PX)
    axes = figure.subplots()
    ends = []
    for entry in soaks:
        heights = [numbers.memory_mb(value) for value in _thinned(entry.memory_bytes)]
        step = (entry.invocations - 1) / max(1, len(heights) - 1)
        places = [1 + step * index for index in range(len(heights))]
        axes.plot(places, heights, color=styles[entry.contender].colour.light, linewidth=points(2))
        ends.append(heights[-1])
    axes.set_ylim(bottom=0, top=max(ends) * 1.3 or 1.0)
    axes.set_xlim(left=1)
    quiet(axes, grid="y")
    axes.set_xlabel("invocation of one warm environment", loc="left")
    axes.set_ylabel("MB at rest", loc="bottom")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    beside = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
    for entry, height in zip(soaks, apart(ends, axes.get_ylim()[1] * _LABEL_GAP), strict=True):
        note(axes, entry.contender, (1.0, height), by_px=(6, 0), **beside)
    return figure


def _panel(
    axes: Axes, results: Results, styles: Mapping[str, Style], value: Callable[[SweepPoint], float | None]
) -> None:
    axes.set_xscale("log", base=2)
    for place, (name, style) in enumerate(styles.items()):
        pairs = [
            (point.memory_mb, height)
            for point in sweep_of(results, name)
            if point.outcome == SUCCESS and (height := value(point)) is not None
        ]
        axes.plot(
            [size for size, _ in pairs],
            [height for _, height in pairs],
            color=style.colour.light,
            marker=style.marker,
            markersize=points(7),
            linewidth=points(2),
            # The one that the report is about lies on top.
            zorder=4 - place / 10,
        )
    _crosses(axes, results, styles)
    quiet(axes, grid="y")
    sizes = sorted({point.memory_mb for point in results.sweep})
    # With the sizes at which all failed.
    axes.set_xlim(sizes[0] / 1.2, sizes[-1] * 1.2)
    axes.set_xticks(_ticks(sizes, least=0.45))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.minorticks_off()
    axes.set_xlabel("memory size in MB", loc="left")


def _crosses(axes: Axes, results: Results, styles: Mapping[str, Style]) -> None:
    failed: dict[int, list[str]] = {}
    for name in styles:
        for point in sweep_of(results, name):
            if point.outcome != SUCCESS:
                failed.setdefault(point.memory_mb, []).append(name)
    for size, names in failed.items():
        for place, name in enumerate(names):
            # Below all lines, and one above the other: beside each other they would show other sizes.
            note(
                axes,
                "\N{MULTIPLICATION SIGN}",
                (size, 0),
                by_px=(0, 8 + 11 * place),
                xycoords=axes.get_xaxis_transform(),
                ha="center",
                fontsize=points(17),
                fontweight="bold",
                color=styles[name].colour.light,
            )


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.minorticks_off()
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
        # At the left edge it would reach into the scale.
        beside = (-8, "left") if size == smallest else (0, "center")
        note(
            axes,
            " and ".join(labels),
            (size, found[size] or 0.0),
            by_px=(beside[0], -13),
            ha=beside[1],
            va="top",
        )


def _thinned(values: Sequence[int]) -> list[int]:
    # The last one stays: the labels stand there.
    step = -(-len(values) // _MOST_POINTS) or 1
    return [*values[:-1:step], *values[-1:]]
