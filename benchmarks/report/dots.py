"""Dots: every picture and contender in one plot, and what the bytes buy."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, Final

from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from benchmarks.report.selection import (
    SUCCESS,
    fastest_first,
    made_by_all,
    mean_bytes_and_score,
    measurement,
    reference,
)
from harness.plotting import numbers
from harness.plotting.canvas import NARROW_PX, SMALL_PX, TEXT_PX, points, quiet, sheet
from harness.plotting.palette import INK, LINE, MUTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.bench.results import MeasuredPicture, Results
    from harness.plotting.palette import Look

_ROW_PX: Final = 19
_BASE_PX: Final = 96
_NAME_CHARACTERS: Final = 18
# Labels of dots stand at least this far apart, in CSS pixels.
_LABEL_GAP_PX: Final = 17
_QUALITY_HEIGHT_PX: Final = 320


def all_pictures(
    pictures: Sequence[MeasuredPicture], looks: Mapping[str, Look], *, focus: str | None, width_px: float
) -> Figure:
    """Draw the median duration of every contender at every picture, slowest picture on top."""
    rows = sorted(pictures, key=lambda picture: _slowness(picture, focus), reverse=True)
    narrow = width_px < NARROW_PX
    figure = sheet(width_px, _BASE_PX + _ROW_PX * len(rows) + (30 if narrow else 0))
    axes = figure.subplots()
    axes.set_xscale("log")
    for row, picture in enumerate(rows):
        _row(axes, row, picture, looks, narrow=narrow)
    axes.set_yticks(range(len(rows)), [_short(picture.name, narrow=narrow) for picture in rows])
    axes.tick_params(axis="y", labelsize=points(SMALL_PX))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    quiet(axes)
    _plain_log(axes, steps=(1,) if narrow else (1, 2, 5))
    axes.set_xlabel("milliseconds, logarithmic", loc="left")
    legend(figure, looks, columns=2 if narrow else len(looks))
    return figure


def quality(results: Results, looks: Mapping[str, Look], *, width_px: float) -> Figure:
    """Draw SSIMULACRA2 over bytes: for the reference picture, and in the mean."""
    panels = quality_panels(results)
    narrow = width_px < NARROW_PX
    shape = (len(panels), 1) if narrow else (1, len(panels))
    figure = sheet(width_px, _QUALITY_HEIGHT_PX * shape[0])
    grid = figure.subplots(*shape, squeeze=False)
    for axes, (title, dots) in zip(grid.flat, panels, strict=True):
        _quality_panel(axes, title, dots, looks)
    return figure


def quality_panels(results: Results) -> list[tuple[str, dict[str, tuple[float, float]]]]:
    """Collect the panels with at least two contenders to compare: title, and bytes and score by contender."""
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


def legend(figure: Figure, looks: Mapping[str, Look], *, columns: int) -> None:
    """Say which colour and shape is whose, above the plot."""
    handles = [
        Line2D(
            [],
            [],
            label=name,
            linestyle="",
            marker=look.marker,
            markersize=points(8),
            color=look.colour.light,
        )
        for name, look in looks.items()
    ]
    figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=columns,
        handletextpad=0.2,
        columnspacing=1.4,
        borderpad=0.2,
        fontsize=points(TEXT_PX),
    )


def _row(axes: Axes, row: int, picture: MeasuredPicture, looks: Mapping[str, Look], *, narrow: bool) -> None:
    ranked = fastest_first(picture.measurements)
    times = [entry.p50_ms or 0.0 for entry in ranked]
    if times:
        axes.plot((times[0], times[-1]), (row, row), color=LINE.light, linewidth=points(3), zorder=1)
    # The slower ones first: where dots meet, the fastest stays in sight.
    for entry in reversed(ranked):
        _dot(axes, entry.p50_ms or 0.0, row, looks[entry.contender])
    failed = [entry for entry in picture.measurements if entry.outcome != SUCCESS]
    for place, entry in enumerate(failed):
        axes.plot(
            1.0 - (0.05 if narrow else 0.018) * place,
            row,
            transform=axes.get_yaxis_transform(),
            marker="x",
            markersize=points(7),
            markeredgewidth=points(2),
            color=looks[entry.contender].colour.light,
            clip_on=False,
        )


def _dot(axes: Axes, x: float, y: float, look: Look, *, size_px: float = 8) -> None:
    axes.plot(
        x,
        y,
        marker=look.marker,
        markersize=points(size_px),
        markeredgewidth=points(1),
        markeredgecolor="#ffffff",
        markerfacecolor=look.colour.light,
        linestyle="",
        zorder=3,
    )


def _slowness(picture: MeasuredPicture, focus: str | None) -> float:
    own = measurement(picture, focus)
    times = [entry.p50_ms or 0.0 for entry in fastest_first(picture.measurements)]
    return (own.p50_ms if own else None) or max(times, default=0.0)


def _short(name: str, *, narrow: bool) -> str:
    if not narrow or len(name) <= _NAME_CHARACTERS:
        return name
    return f"{name[: _NAME_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"


def _plain_log(axes: Axes, *, steps: Sequence[int]) -> None:
    axes.xaxis.set_major_locator(LogLocator(subs=steps))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()


def _quality_panel(
    axes: Axes, title: str, dots: Mapping[str, tuple[float, float]], looks: Mapping[str, Look]
) -> None:
    for name, (size, value) in dots.items():
        _dot(axes, size, value, looks[name], size_px=11)
    axes.margins(x=0.12, y=0.18)
    quiet(axes, grid="y")
    axes.set_title(title, loc="left", fontsize=points(TEXT_PX), color=INK.light, fontweight="bold")
    axes.set_xlabel("bytes: further left is smaller", loc="left")
    axes.set_ylabel("SSIMULACRA2: higher is better", loc="bottom")
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
    axes.tick_params(axis="y", labelsize=points(SMALL_PX), labelcolor=MUTED.light)
    left, right = axes.get_xlim()
    # The names stand to the right of their dots.
    axes.set_xlim(left, right + (right - left) * 0.35)
    _dot_labels(axes, dots)


def _dot_labels(axes: Axes, dots: Mapping[str, tuple[float, float]]) -> None:
    low, high = axes.get_ylim()
    gap = (high - low) * _LABEL_GAP_PX / (_QUALITY_HEIGHT_PX * 0.7)
    heights = apart([value for _, value in dots.values()], gap)
    for (name, dot), height in zip(dots.items(), heights, strict=True):
        # A leader, where the neighbours have pushed the name away from its dot.
        moved = abs(height - dot[1]) > gap / 3
        axes.annotate(
            name,
            dot,
            xytext=(points(20), (height - dot[1]) / gap * points(_LABEL_GAP_PX)),
            textcoords="offset points",
            va="center",
            fontsize=points(SMALL_PX),
            color=INK.light,
            arrowprops={"arrowstyle": "-", "color": MUTED.light, "linewidth": points(0.8), "shrinkB": 4}
            if moved
            else None,
        )
