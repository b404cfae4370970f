"""Bars: one a contender, at the reference picture, with their spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matplotlib.ticker import FuncFormatter, MaxNLocator

from benchmarks.report.selection import SUCCESS
from harness.plotting import numbers
from harness.plotting.canvas import NARROW_PX, SMALL_PX, TEXT_PX, points, quiet, sheet
from harness.plotting.palette import ALARM, INK, MUTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.bench.results import Measurement
    from harness.plotting.palette import Look

_ROW_PX: Final = 44
_BASE_PX: Final = 56
_BAR_HEIGHT: Final = 0.46
_ROOM_FOR_VALUES: Final = 1.42
_ROOM_WHERE_NARROW: Final = 1.9


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A contender's bar: its value, where its spread ends, and both in words; without a value, why."""

    contender: str
    value: float | None
    spread: tuple[float, float] | None
    text: str


def latency_bar(entry: Measurement) -> Bar:
    """Draw the median of the durations, and the spread up to the 95th percentile."""
    if entry.outcome != SUCCESS or entry.p50_ms is None or entry.p95_ms is None:
        return Bar(contender=entry.contender, value=None, spread=None, text=entry.outcome)
    return Bar(
        contender=entry.contender,
        value=entry.p50_ms,
        spread=(entry.p50_ms, entry.p95_ms),
        text=f"{numbers.milliseconds(entry.p50_ms)} ms  (p95 {numbers.milliseconds(entry.p95_ms)})",
    )


def memory_bar(entry: Measurement) -> Bar:
    """Draw the median of the peaks, and their spread from the lowest to the highest."""
    if entry.outcome != SUCCESS or entry.median_peak_bytes is None:
        return Bar(contender=entry.contender, value=None, spread=None, text=entry.outcome)
    peaks = [numbers.memory_mb(peak) for peak in entry.peak_memory_bytes]
    return Bar(
        contender=entry.contender,
        value=numbers.memory_mb(entry.median_peak_bytes),
        spread=(min(peaks), max(peaks)),
        text=f"{numbers.memory(entry.median_peak_bytes)} MB",
    )


def latency(bars: Sequence[Bar], looks: Mapping[str, Look], *, width_px: float) -> Figure:
    """Draw the durations of the contenders."""
    figure, axes = _bars(bars, looks, width_px)
    axes.xaxis.set_major_locator(MaxNLocator(5 if width_px > NARROW_PX else 3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_xlabel("milliseconds", loc="left")
    most = max((bar.spread[1] for bar in bars if bar.spread), default=1.0)
    axes.set_xlim(0, most * (_ROOM_FOR_VALUES if width_px > NARROW_PX else _ROOM_WHERE_NARROW))
    return figure


def peak_memory(bars: Sequence[Bar], looks: Mapping[str, Look], *, width_px: float, limit_mb: int) -> Figure:
    """Draw the peaks of the contenders, and the line where the function is killed."""
    figure, axes = _bars(bars, looks, width_px)
    axes.set_xlabel("MB at the peak of an invocation", loc="left")
    axes.set_xlim(0, limit_mb * 1.02)
    axes.axvline(limit_mb, color=ALARM.light, linewidth=points(2), linestyle=(0, (4, 2)))
    axes.annotate(
        f"{limit_mb:,} MB: killed",
        (limit_mb, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-points(6), points(2)),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=points(SMALL_PX),
        color=ALARM.light,
    )
    return figure


def _bars(bars: Sequence[Bar], looks: Mapping[str, Look], width_px: float) -> tuple[Figure, Axes]:
    figure = sheet(width_px, _BASE_PX + _ROW_PX * len(bars))
    axes = figure.subplots()
    for row, bar in enumerate(bars):
        _draw(axes, row, bar, looks[bar.contender])
    axes.set_yticks(range(len(bars)), [bar.contender for bar in bars])
    axes.set_ylim(len(bars) - 0.5, -0.5)
    quiet(axes)
    return figure, axes


def _draw(axes: Axes, row: int, bar: Bar, look: Look) -> None:
    end = 0.0
    if bar.value is not None:
        axes.barh(row, bar.value, height=_BAR_HEIGHT, color=look.colour.light)
        end = bar.value
    if bar.spread:
        axes.plot(bar.spread, (row, row), color=INK.light, linewidth=points(1.5), solid_capstyle="butt")
        axes.plot(bar.spread, (row, row), linestyle="", marker="|", markersize=points(9), color=INK.light)
        end = max(end, bar.spread[1])
    axes.annotate(
        bar.text,
        (end, row),
        xytext=(points(8), 0),
        textcoords="offset points",
        va="center",
        fontsize=points(TEXT_PX),
        color=INK.light if bar.value is not None else ALARM.light,
    )
    if bar.value is None:
        axes.plot(0, row, marker="x", markersize=points(8), color=MUTED.light, clip_on=False)
