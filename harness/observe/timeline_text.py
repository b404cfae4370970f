"""A timeline for people and for programs: as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from rich.table import Table

from harness.observe.timeline import Step, Timeline


def table(title: str, timeline: Timeline) -> Table:
    """Draw one upload's steps, a row each."""
    drawn = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="bold"
    )
    drawn.add_column("step", no_wrap=True)
    for heading in ("at ms", "took ms", "± ms"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    drawn.add_column("clock", no_wrap=True)
    drawn.add_column("")
    for step in timeline.steps:
        drawn.add_row(*_cells(step))
    return drawn


def remarks(timeline: Timeline) -> list[str]:
    """Say what went wrong on the way, and why nothing arrived, if so."""
    lines = [f"on the way: {error}" for error in timeline.errors]
    if timeline.why_missing:
        lines.append(f"no thumbnail: {timeline.why_missing}")
    return lines


def to_json(timelines: Mapping[str, Timeline]) -> str:
    """Write timelines for other programs; each carries its format's version."""
    found = {name: _rounded(asdict(timeline)) for name, timeline in timelines.items()}
    return json.dumps(found, indent=2) + "\n"


def _cells(step: Step) -> tuple[str, ...]:
    if step.start_ms is None or step.took_ms is None or step.precision_ms is None:
        return step.name, "", "", "", step.clock, step.note
    took = f"{step.took_ms:.1f}" if step.took_ms else ""
    # Below a tenth of a millisecond nothing here is exact.
    precision = f"{max(step.precision_ms, 0.1):.1f}"
    return step.name, f"{step.start_ms:.1f}", took, precision, step.clock, step.note


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        # Seconds since the epoch keep their digits.
        return {name: one if name.endswith("_seconds") else _rounded(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    return round(value, 3) if isinstance(value, float) else value
