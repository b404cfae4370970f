"""The plots of a sweep's report, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.report import tune_dots as dots
from harness.plotting import numbers
from harness.plotting.canvas import Plot

if TYPE_CHECKING:
    from benchmarks.tuning.results import TuneResults

_FULL_PX: Final = 1040


def plots(results: TuneResults) -> list[Plot]:
    """List the plots."""
    return [_bytes_and_score(results), _cpu_and_bytes(results)]


def _bytes_and_score(results: TuneResults) -> Plot:
    shown = len(dots.near(results))
    left_out = len(results.candidates) - shown
    return Plot(
        name="bytes-and-score",
        title="What bytes buy",
        alt=f"Dots of SSIMULACRA2 over bytes for {shown} settings, with their front; today's and the pick are"
        " marked; the table below has the front's numbers",
        caption="One dot a setting: its mean over the pictures. Up and to the left is better."
        + (f" Left out: {numbers.count(left_out, 'setting')} further away." if left_out else ""),
        width_px=_FULL_PX,
        draw=lambda width_px: dots.bytes_and_score(results, width_px=width_px),
    )


def _cpu_and_bytes(results: TuneResults) -> Plot:
    return Plot(
        name="cpu-and-bytes",
        title="What CPU time buys",
        alt="Dots of bytes over encode CPU time, for the settings that score no less than today's",
        caption="Only settings with at least today's score and at most its bytes. Down and to the left is"
        " better.",
        width_px=_FULL_PX,
        draw=lambda width_px: dots.cpu_and_bytes(results, width_px=width_px),
    )
