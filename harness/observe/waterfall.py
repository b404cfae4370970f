"""One upload's steps as a waterfall: a row each, time from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from matplotlib.ticker import MaxNLocator

from harness.observe.timeline import APPLICATION, BUCKET, EVENT, FUNCTION
from harness.plotting import numbers
from harness.plotting.canvas import Plot, key, legend, note, points, quiet, sheet
from harness.plotting.palette import styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.observe.timeline import Step, Timeline
    from harness.plotting.palette import Style

_ROW_PX: Final = 30
_BASE_PX: Final = 84
_BAR_HEIGHT: Final = 0.5
_ROOM_FOR_VALUES: Final = 1.16
_WIDTH_PX: Final = 760
# A moment known less exactly than this part of the whole would only mislead.
_COARSE: Final = 0.15


def waterfall(name: str, timeline: Timeline) -> Plot:
    """Plot one upload; steps that were not observed, or too coarsely, are named in the caption."""
    whole = max((step.end_ms for step in timeline.steps if step.end_ms is not None), default=1.0)
    shown = [step for step in timeline.steps if _is_fine(step, whole)]
    left_out = [step.name for step in timeline.steps if step not in shown]
    return Plot(
        name=name,
        title=f"{name}: upload to picture",
        alt="Bars of time: " + "; ".join(f"{step.name} {_text(step)}" for step in shown),
        caption="Milliseconds since the upload began; a diamond is a moment."
        + (f" Not drawn: {', '.join(left_out)}." if left_out else ""),
        width_px=_WIDTH_PX,
        draw=lambda: draw(shown, whole),
    )


def draw(steps: Sequence[Step], whole_ms: float) -> Figure:
    """Draw the steps, each in the colour of the clock that it was read from."""
    clocks = styles((APPLICATION, FUNCTION, EVENT, BUCKET), first=APPLICATION)
    figure = sheet(_WIDTH_PX, _BASE_PX + _ROW_PX * len(steps))
    axes = figure.subplots()
    for row, step in enumerate(steps):
        _row(axes, row, step, clocks[step.clock])
    axes.set_yticks(range(len(steps)), [step.name for step in steps])
    axes.set_ylim(len(steps) - 0.5, -0.5)
    axes.set_xlim(0, whole_ms * _ROOM_FOR_VALUES)
    quiet(axes)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.set_xlabel("milliseconds since the upload began", loc="left")
    shown = {step.clock: clocks[step.clock].colour for step in steps}
    legend(figure, [key(clock, "s", colour, size_px=9) for clock, colour in shown.items()])
    return figure


def _row(axes: Axes, row: int, step: Step, style: Style) -> None:
    start, end = step.start_ms or 0.0, step.end_ms or 0.0
    if step.took_ms:
        axes.barh(row, end - start, left=start, height=_BAR_HEIGHT, color=style.colour.light)
    else:
        axes.plot(start, row, marker="D", markersize=points(8), color=style.colour.light, clip_on=False)
    note(axes, _text(step), (end, row), by_px=(9, 0))


def _is_fine(step: Step, whole_ms: float) -> bool:
    return step.precision_ms is not None and step.precision_ms <= whole_ms * _COARSE


def _text(step: Step) -> str:
    if step.took_ms:
        return f"{numbers.milliseconds(step.took_ms)} ms"
    return f"at {numbers.milliseconds(step.start_ms or 0.0)} ms"
