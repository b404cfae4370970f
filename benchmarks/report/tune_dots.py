"""Dots: what each setting's bytes buy, and what its CPU time does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from harness.plotting.canvas import NARROW_PX, SMALL_PX, TEXT_PX, points, quiet, sheet
from harness.plotting.palette import ALARM, CARD, INK, MUTED, SERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.tuning.results import Candidate, TuneResults
    from harness.plotting.palette import Colour

    Place = Callable[[Candidate], tuple[float, float]]

_HEIGHT_PX: Final = 460
# Settings much further from today's are nobody's choice, and would press the rest together.
_NEAR_POINTS: Final = 12.0
_NEAR_BYTES: Final = 1.6
_MARKERS: Final = {"webp": "o", "avif": "s", "jpeg": "^"}
_CLASSES: Final[tuple[tuple[float, Colour, str], ...]] = (
    (0.5, SERIES[2], "at most half of today's CPU"),
    (1.0, SERIES[0], "at most today's"),
    (5.0, SERIES[4], "at most 5 times"),
    (float("inf"), SERIES[3], "more"),
)


def near(results: TuneResults) -> list[Candidate]:
    """Give the settings that a plot has room for."""
    today = results.candidate(results.today)
    return [
        one
        for one in results.candidates
        if abs(one.mean_ssimulacra2 - today.mean_ssimulacra2) <= _NEAR_POINTS
        and one.mean_bytes <= _NEAR_BYTES * today.mean_bytes
    ]


def bytes_and_score(results: TuneResults, *, width_px: float) -> Figure:
    """Draw every setting near today's, the front among them, and today's and the pick by name."""
    figure, axes = _sheet(width_px)
    shown = near(results)
    _scatter(axes, shown, lambda one: (one.mean_bytes, one.mean_ssimulacra2))
    front = [one for one in shown if one.on_front]
    axes.plot(
        [one.mean_bytes for one in front],
        [one.mean_ssimulacra2 for one in front],
        color=INK.light,
        linewidth=points(1.2),
        zorder=2,
    )
    _mark_both(axes, results, lambda one: (one.mean_bytes, one.mean_ssimulacra2))
    axes.set_xlabel("mean bytes: further left is smaller", loc="left")
    axes.set_ylabel("mean SSIMULACRA2: higher is better", loc="bottom")
    axes.xaxis.set_major_locator(MaxNLocator(4 if width_px < NARROW_PX else 8, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _legend(figure, shown, width_px=width_px, front=True)
    return figure


def enough(results: TuneResults) -> list[Candidate]:
    """Give the settings that are no worse than today's and no larger."""
    today = results.candidate(results.today)
    return [
        one
        for one in results.candidates
        if one.mean_ssimulacra2 >= today.mean_ssimulacra2 and one.mean_bytes <= 1.02 * today.mean_bytes
    ]


def cpu_and_bytes(results: TuneResults, *, width_px: float) -> Figure:
    """Draw what CPU time buys, among the settings that are no worse than today's."""
    figure, axes = _sheet(width_px)
    shown = enough(results)
    _scatter(axes, shown, lambda one: (one.cpu_ratio, one.mean_bytes))
    _mark_both(axes, results, lambda one: (one.cpu_ratio, one.mean_bytes))
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("encode CPU, times today's, logarithmic", loc="left")
    axes.set_ylabel("mean bytes", loc="bottom")
    _legend(figure, shown, width_px=width_px, front=False)
    return figure


def _sheet(width_px: float) -> tuple[Figure, Axes]:
    figure = sheet(width_px, _HEIGHT_PX)
    axes = figure.subplots()
    quiet(axes, grid="y")
    axes.tick_params(axis="y", labelsize=points(SMALL_PX), labelcolor=MUTED.light)
    return figure, axes


def _scatter(axes: Axes, shown: Sequence[Candidate], place: Place) -> None:
    least = 0.0
    for most, colour, _ in _CLASSES:
        for output, marker in _MARKERS.items():
            dots = [
                place(one)
                for one in shown
                if least < one.cpu_ratio <= most and one.variables["format"] == output
            ]
            axes.scatter(
                [dot[0] for dot in dots],
                [dot[1] for dot in dots],
                s=points(5.5) ** 2,
                marker=marker,
                color=colour.light,
                linewidths=0,
                zorder=3,
            )
        least = most


def _mark_both(axes: Axes, results: TuneResults, place: Place) -> None:
    marked = [("today's", results.candidate(results.today), INK)]
    if results.pick != results.today:
        marked.append(("the pick", results.candidate(results.pick), ALARM))
    for name, one, colour in marked:
        x, y = place(one)
        axes.plot(
            x,
            y,
            marker="o",
            markersize=points(15),
            markerfacecolor="none",
            markeredgecolor=colour.light,
            markeredgewidth=points(2),
            linestyle="",
            zorder=5,
        )
        axes.annotate(
            name,
            (x, y),
            xytext=(0, points(14)),
            textcoords="offset points",
            ha="center",
            fontsize=points(TEXT_PX),
            fontweight="bold",
            color=colour.light,
            bbox={"facecolor": CARD.light, "edgecolor": "none", "pad": points(1.5), "alpha": 0.85},
            zorder=6,
        )


def _legend(figure: Figure, shown: Sequence[Candidate], *, width_px: float, front: bool) -> None:
    formats = {one.variables["format"] for one in shown}
    handles = [_handle(output, marker, MUTED) for output, marker in _MARKERS.items() if output in formats]
    least = 0.0
    for most, colour, text in _CLASSES:
        if any(least < one.cpu_ratio <= most for one in shown):
            handles.append(_handle(text, "o", colour))
        least = most
    if front:
        handles.append(Line2D([], [], label="front", color=INK.light, linewidth=points(1.2)))
    figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=2 if width_px < NARROW_PX else len(handles),
        handletextpad=0.3,
        columnspacing=1.2,
        borderpad=0.2,
        fontsize=points(SMALL_PX),
    )


def _handle(label: str, marker: str, colour: Colour) -> Line2D:
    return Line2D([], [], label=label, linestyle="", marker=marker, markersize=points(7), color=colour.light)
