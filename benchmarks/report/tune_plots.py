"""The plots of a sweep: what bytes buy, and what CPU time does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator

from harness.plotting import numbers
from harness.plotting.canvas import TEXT_PX, Plot, key, legend, note, points, quiet, sheet
from harness.plotting.palette import ALARM, CARD, INK, MUTED, SERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.tuning.results import Candidate, TuneResults
    from harness.plotting.palette import Colour

    Place = Callable[[Candidate], tuple[float, float]]

_WIDTH_PX: Final = 1040
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


def bytes_and_score_plot(results: TuneResults) -> Plot:
    """Plot every setting near today's, the front among them, and today's and the pick by name."""
    today = results.candidate(results.today)
    shown = [
        one
        for one in results.candidates
        if abs(one.mean_ssimulacra2 - today.mean_ssimulacra2) <= _NEAR_POINTS
        and one.mean_bytes <= _NEAR_BYTES * today.mean_bytes
    ]
    left_out = len(results.candidates) - len(shown)

    def draw() -> Figure:
        figure, axes = _settings(results, shown, lambda one: (one.mean_bytes, one.mean_ssimulacra2))
        front = [one for one in shown if one.on_front]
        axes.plot(
            [one.mean_bytes for one in front],
            [one.mean_ssimulacra2 for one in front],
            color=INK.light,
            linewidth=points(1.2),
            zorder=2,
        )
        axes.set_xlabel("mean bytes: further left is smaller", loc="left")
        axes.set_ylabel("mean SSIMULACRA2: higher is better", loc="bottom")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        line = Line2D([], [], label="front", color=INK.light, linewidth=points(1.2))
        legend(figure, [*_keys(shown), line])
        return figure

    return Plot(
        name="bytes-and-score",
        title="What bytes buy",
        alt=f"Dots of SSIMULACRA2 over bytes for {len(shown)} settings, with their front; today's and the"
        " pick are marked; the table below has the front's numbers",
        caption="One dot a setting: its mean over the pictures. Up and to the left is better."
        + (f" Left out: {numbers.count(left_out, 'setting')} further away." if left_out else ""),
        width_px=_WIDTH_PX,
        draw=draw,
    )


def cpu_and_bytes_plot(results: TuneResults) -> Plot:
    """Plot what CPU time buys, among the settings that are no worse than today's and no larger."""
    today = results.candidate(results.today)
    shown = [
        one
        for one in results.candidates
        if one.mean_ssimulacra2 >= today.mean_ssimulacra2 and one.mean_bytes <= 1.02 * today.mean_bytes
    ]

    def draw() -> Figure:
        figure, axes = _settings(results, shown, lambda one: (one.cpu_ratio, one.mean_bytes))
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("encode CPU, times today's, logarithmic", loc="left")
        axes.set_ylabel("mean bytes", loc="bottom")
        legend(figure, _keys(shown))
        return figure

    return Plot(
        name="cpu-and-bytes",
        title="What CPU time buys",
        alt="Dots of bytes over encode CPU time, for the settings that score no less than today's",
        caption="Only settings with at least today's score and at most its bytes. Down and to the left is"
        " better.",
        width_px=_WIDTH_PX,
        draw=draw,
    )


def _settings(results: TuneResults, shown: Sequence[Candidate], place: Place) -> tuple[Figure, Axes]:
    figure = sheet(_WIDTH_PX, _HEIGHT_PX)
    axes = figure.subplots()
    quiet(axes, grid="y")
    _scatter(axes, shown, place)
    _mark(axes, "today's", place(results.candidate(results.today)), INK)
    if results.pick != results.today:
        _mark(axes, "the pick", place(results.candidate(results.pick)), ALARM)
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


def _mark(axes: Axes, name: str, place: tuple[float, float], colour: Colour) -> None:
    axes.plot(
        *place,
        marker="o",
        markersize=points(15),
        markerfacecolor="none",
        markeredgecolor=colour.light,
        markeredgewidth=points(2),
        linestyle="",
        zorder=5,
    )
    note(
        axes,
        name,
        place,
        by_px=(0, 14),
        ha="center",
        va="baseline",
        fontsize=points(TEXT_PX),
        fontweight="bold",
        color=colour.light,
        bbox={"facecolor": CARD.light, "edgecolor": "none", "pad": points(1.5), "alpha": 0.85},
        zorder=6,
    )


def _keys(shown: Sequence[Candidate]) -> list[Line2D]:
    formats = {one.variables["format"] for one in shown}
    keys = [key(output, marker, MUTED) for output, marker in _MARKERS.items() if output in formats]
    least = 0.0
    for most, colour, text in _CLASSES:
        if any(least < one.cpu_ratio <= most for one in shown):
            keys.append(key(text, "o", colour))
        least = most
    return keys
