"""Bars at the reference picture, one a contender, with their spread: durations and peaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matplotlib.ticker import MaxNLocator

from benchmarks.report.selection import SUCCESS, failures_last, reference, styles_of
from harness.plotting import numbers
from harness.plotting.canvas import TEXT_PX, Plot, note, points, quiet, sheet
from harness.plotting.palette import ALARM, INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmarks.bench.results import Measurement, Results
    from harness.plotting.palette import Style

_WIDTH_PX: Final = 508
_ROW_PX: Final = 44
_BASE_PX: Final = 56
_BAR_HEIGHT: Final = 0.46
_ROOM_FOR_VALUES: Final = 1.42


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A contender's bar: its value, its spread, and both in words; without a value, why there is none."""

    contender: str
    text: str
    value: float | None = None
    spread: tuple[float, float] | None = None


def latency_plot(results: Results) -> Plot | None:
    """Plot the median of the durations, and the spread up to the 95th percentile."""
    picture = reference(results)
    if picture is None:
        return None
    bars = [_latency_bar(entry) for entry in failures_last(picture.measurements)]

    def draw() -> Figure:
        figure, axes = _bars(bars, styles_of(results))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.set_xlabel("milliseconds", loc="left")
        most = max((bar.spread[1] for bar in bars if bar.spread), default=1.0)
        axes.set_xlim(0, most * _ROOM_FOR_VALUES)
        return figure

    return Plot(
        name="latency",
        title=f"Latency: {picture.name} at {results.environment.memory_mb:,} MB",
        alt="Bars of latency: " + "; ".join(f"{bar.contender} {bar.text}" for bar in bars),
        caption="Warm invocations, fastest first. Bar: p50; whisker: up to p95.",
        width_px=_WIDTH_PX,
        draw=draw,
    )


def memory_plot(results: Results) -> Plot | None:
    """Plot the median of the peaks with their spread, and the line where the function is killed."""
    picture = reference(results)
    if picture is None:
        return None
    bars = [_memory_bar(entry) for entry in failures_last(picture.measurements)]
    limit_mb = results.environment.memory_mb

    def draw() -> Figure:
        figure, axes = _bars(bars, styles_of(results))
        axes.set_xlabel("MB at the peak of an invocation", loc="left")
        axes.set_xlim(0, limit_mb * 1.02)
        axes.axvline(limit_mb, color=ALARM.light, linewidth=points(2), linestyle=(0, (4, 2)))
        above = {"xycoords": ("data", "axes fraction"), "ha": "right", "va": "bottom", "color": ALARM.light}
        note(axes, f"{limit_mb:,} MB: killed", (limit_mb, 1), by_px=(-6, 2), **above)
        return figure

    return Plot(
        name="memory",
        title=f"Peak memory: {picture.name}",
        alt=f"Bars of peak memory below a line at {limit_mb} MB: "
        + "; ".join(f"{bar.contender} {bar.text}" for bar in bars),
        caption="The same order. Bar: median; whisker: lowest to highest.",
        width_px=_WIDTH_PX,
        draw=draw,
    )


def _latency_bar(entry: Measurement) -> Bar:
    if entry.outcome != SUCCESS or entry.p50_ms is None or entry.p95_ms is None:
        return Bar(contender=entry.contender, text=entry.outcome)
    return Bar(
        contender=entry.contender,
        text=f"{numbers.milliseconds(entry.p50_ms)} ms  (p95 {numbers.milliseconds(entry.p95_ms)})",
        value=entry.p50_ms,
        spread=(entry.p50_ms, entry.p95_ms),
    )


def _memory_bar(entry: Measurement) -> Bar:
    if entry.outcome != SUCCESS or entry.median_peak_bytes is None:
        return Bar(contender=entry.contender, text=entry.outcome)
    peaks = [numbers.memory_mb(peak) for peak in entry.peak_memory_bytes]
    return Bar(
        contender=entry.contender,
        text=f"{numbers.memory(entry.median_peak_bytes)} MB",
        value=numbers.memory_mb(entry.median_peak_bytes),
        spread=(min(peaks), max(peaks)),
    )


def _bars(bars: Sequence[Bar], styles: Mapping[str, Style]) -> tuple[Figure, Axes]:
    figure = sheet(_WIDTH_PX, _BASE_PX + _ROW_PX * len(bars))
    axes = figure.subplots()
    for row, bar in enumerate(bars):
        _draw(axes, row, bar, styles[bar.contender])
    axes.set_yticks(range(len(bars)), [bar.contender for bar in bars])
    axes.set_ylim(len(bars) - 0.5, -0.5)
    quiet(axes)
    return figure, axes


def _draw(axes: Axes, row: int, bar: Bar, style: Style) -> None:
    end = bar.value or 0.0
    if bar.value is None:
        axes.plot(0, row, marker="x", markersize=points(8), color=MUTED.light, clip_on=False)
    else:
        axes.barh(row, bar.value, height=_BAR_HEIGHT, color=style.colour.light)
    if bar.spread:
        axes.plot(bar.spread, (row, row), color=INK.light, linewidth=points(1.5), solid_capstyle="butt")
        axes.plot(bar.spread, (row, row), linestyle="", marker="|", markersize=points(9), color=INK.light)
        end = max(end, bar.spread[1])
    colour = ALARM if bar.value is None else INK
    note(axes, bar.text, (end, row), by_px=(8, 0), fontsize=points(TEXT_PX), color=colour.light)
