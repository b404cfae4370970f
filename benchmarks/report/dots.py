"""Dots: every picture and contender in one plot, and the quality that bytes buy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import TYPE_CHECKING, Final

from matplotlib.ticker import LogLocator, MaxNLocator

from benchmarks.report.selection import (
    SUCCESS,
    fastest_first,
    focus,
    made_by_all,
    mean_bytes_and_score,
    measurement,
    reference,
    styles_of,
)
from harness.plotting import numbers
from harness.plotting.canvas import SMALL_PX, TEXT_PX, Plot, key, legend, note, points, quiet, sheet
from harness.plotting.palette import INK, LINE, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.bench.results import MeasuredPicture, Results
    from harness.plotting.palette import Style

_WIDTH_PX: Final = 1040
_ROW_PX: Final = 19
_BASE_PX: Final = 96
# Labels of dots stand at least this far apart, in CSS pixels.
_LABEL_GAP_PX: Final = 17
_QUALITY_HEIGHT_PX: Final = 320


def all_pictures_plot(results: Results) -> Plot | None:
    """Plot the median duration of every contender at every picture, slowest picture on top."""
    made = [picture for picture in results.pictures if fastest_first(picture.measurements)]
    if len(made) < 2:  # noqa: PLR2004  the bars show one already
        return None
    name, styles = focus(results), styles_of(results)
    rows = sorted(made, key=lambda picture: _slowness(picture, name), reverse=True)
    left_out = len(results.pictures) - len(made)

    def draw() -> Figure:
        figure = sheet(_WIDTH_PX, _BASE_PX + _ROW_PX * len(rows))
        axes = figure.subplots()
        axes.set_xscale("log")
        for row, picture in enumerate(rows):
            _row(axes, row, picture, styles)
        axes.set_yticks(range(len(rows)), [picture.name for picture in rows])
        axes.tick_params(axis="y", labelsize=points(SMALL_PX))
        axes.set_ylim(len(rows) - 0.4, -0.6)
        quiet(axes)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.minorticks_off()
        axes.set_xlabel("milliseconds, logarithmic", loc="left")
        legend(figure, [key(contender, style.marker, style.colour) for contender, style in styles.items()])
        return figure

    return Plot(
        name="all-pictures",
        title="All pictures: p50 of each contender",
        alt=f"Dots of the median duration of each contender at {len(made)} pictures, on a logarithmic scale;"
        " the table of all numbers has them",
        caption="Warm invocations, slowest picture on top; x at the right edge: not made by that contender."
        + (f" Left out are {left_out} that no contender made." if left_out else ""),
        width_px=_WIDTH_PX,
        draw=draw,
    )


def quality_plot(results: Results) -> Plot | None:
    """Plot SSIMULACRA2 over bytes: for the reference picture, and in the mean."""
    panels = _quality_panels(results)
    if not panels:
        return None

    def draw() -> Figure:
        figure = sheet(_WIDTH_PX, _QUALITY_HEIGHT_PX)
        grid = figure.subplots(1, len(panels), squeeze=False)
        for axes, (title, dots) in zip(grid.flat, panels, strict=True):
            _quality_panel(axes, title, dots, styles_of(results))
        return figure

    return Plot(
        name="quality",
        title="Quality for bytes: SSIMULACRA2",
        alt="Dots of SSIMULACRA2 over bytes, one a contender; the tables have their numbers",
        caption="Up and to the left is better. 100 is the lossless thumbnail, 70 high quality, 50 medium.",
        width_px=_WIDTH_PX,
        draw=draw,
    )


def _quality_panels(results: Results) -> list[tuple[str, dict[str, tuple[float, float]]]]:
    # Title, and bytes and score by contender, if there are at least two to compare.
    names = [contender.name for contender in results.contenders]
    common = made_by_all(results)
    means = {name: found for name in names if (found := mean_bytes_and_score(common, name))}
    picture = reference(results)
    single = {name: found for name in names if picture and (found := mean_bytes_and_score([picture], name))}
    panels = [
        (picture.name if picture else "", single),
        (f"mean of {numbers.count(len(common), 'picture')}", means),
    ]
    return [(title, dots) for title, dots in panels if len(dots) > 1]


def apart(values: Sequence[float], gap: float) -> list[float]:
    """Move values so far apart that neighbours keep a gap; those that have room stay where they are."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    groups: list[list[int]] = []
    for index in order:
        groups.append([index])
        # A group that has grown may reach the one before.
        while len(groups) > 1 and _first(groups[-1], values, gap) < _last(groups[-2], values, gap) + gap:
            groups[-2:] = [groups[-2] + groups[-1]]
    moved = {
        index: _first(group, values, gap) + place * gap
        for group in groups
        for place, index in enumerate(group)
    }
    return [moved[index] for index in range(len(values))]


def _first(group: Sequence[int], values: Sequence[float], gap: float) -> float:
    return mean(values[index] for index in group) - gap * (len(group) - 1) / 2


def _last(group: Sequence[int], values: Sequence[float], gap: float) -> float:
    return _first(group, values, gap) + gap * (len(group) - 1)


def _row(axes: Axes, row: int, picture: MeasuredPicture, styles: Mapping[str, Style]) -> None:
    ranked = fastest_first(picture.measurements)
    times = [entry.p50_ms or 0.0 for entry in ranked]
    if times:
        axes.plot((times[0], times[-1]), (row, row), color=LINE.light, linewidth=points(3), zorder=1)
    # The slower ones first: where dots meet, the fastest stays in sight.
    for entry in reversed(ranked):
        _dot(axes, entry.p50_ms or 0.0, row, styles[entry.contender])
    failed = [entry for entry in picture.measurements if entry.outcome != SUCCESS]
    for place, entry in enumerate(failed):
        axes.plot(
            1.0 - 0.018 * place,
            row,
            transform=axes.get_yaxis_transform(),
            marker="x",
            markersize=points(7),
            markeredgewidth=points(2),
            color=styles[entry.contender].colour.light,
            clip_on=False,
        )


def _dot(axes: Axes, x: float, y: float, style: Style, *, size_px: float = 8) -> None:
    axes.plot(
        x,
        y,
        marker=style.marker,
        markersize=points(size_px),
        markeredgewidth=points(1),
        markeredgecolor="#ffffff",
        markerfacecolor=style.colour.light,
        linestyle="",
        zorder=3,
    )


def _slowness(picture: MeasuredPicture, focus: str | None) -> float:
    own = measurement(picture, focus)
    times = [entry.p50_ms or 0.0 for entry in fastest_first(picture.measurements)]
    return (own.p50_ms if own else None) or max(times, default=0.0)


def _quality_panel(
    axes: Axes, title: str, dots: Mapping[str, tuple[float, float]], styles: Mapping[str, Style]
) -> None:
    for name, (size, value) in dots.items():
        _dot(axes, size, value, styles[name], size_px=11)
    axes.margins(x=0.12, y=0.18)
    quiet(axes, grid="y")
    axes.set_title(title, loc="left", fontsize=points(TEXT_PX), color=INK.light, fontweight="bold")
    axes.set_xlabel("bytes: further left is smaller", loc="left")
    axes.set_ylabel("SSIMULACRA2: higher is better", loc="bottom")
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    left, right = axes.get_xlim()
    # The names stand to the right of their dots.
    axes.set_xlim(left, right + (right - left) * 0.35)
    _dot_labels(axes, dots)


def _dot_labels(axes: Axes, dots: Mapping[str, tuple[float, float]]) -> None:
    low, high = axes.get_ylim()
    gap = (high - low) * _LABEL_GAP_PX / (_QUALITY_HEIGHT_PX * 0.7)
    heights = apart([value for _, value in dots.values()], gap)
    leader = {"arrowstyle": "-", "color": MUTED.light, "linewidth": points(0.8), "shrinkB": 4}
    for (name, dot), height in zip(dots.items(), heights, strict=True):
        # A leader, where the neighbours have pushed the name away from its dot.
        moved = abs(height - dot[1]) > gap / 3
        by_px = (20, (height - dot[1]) / gap * _LABEL_GAP_PX)
        note(axes, name, dot, by_px=by_px, arrowprops=leader if moved else None)
