"""Writes the comparison of targets as a page in Markdown."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.parity.compare import Row
    from harness.parity.results import RunResult

_TIMES: tuple[tuple[str, Callable[[RunResult], Sequence[float]]], ...] = (
    ("boot: command to a target that can be deployed to", lambda run: [run.boot_seconds]),
    ("deploy: one stack, the median", lambda run: run.deploy_seconds),
    ("cold: upload to visible thumbnail, first of its stack", lambda run: run.cold_seconds),
    ("warm: the same, the median", lambda run: run.warm_seconds),
    ("whole run", lambda run: [run.whole_seconds]),
)


def render(runs: Sequence[RunResult], rows: Sequence[Row], *, machine: str) -> str:
    """Write the whole page."""
    sections = [
        "# The same scenarios on each target\n\nWritten by `nox -s parity`; do not edit it.",
        _targets(runs),
        _verdict(runs, rows),
        _scenarios(runs, rows),
        _times(runs, machine),
    ]
    return "\n\n".join(sections) + "\n"


def _targets(runs: Sequence[RunResult]) -> str:
    return "\n".join(f"- **{run.target}**: {run.description}; {run.limits}." for run in runs)


def _verdict(runs: Sequence[RunResult], rows: Sequence[Row]) -> str:
    differing = [row.scenario for row in rows if row.differs]
    if differing:
        return f"Differing: {', '.join(differing)}."
    same = f"Of {len(rows)} scenarios none ends differently where it is run"
    skipped = [f"{_skipped(run)} of {len(run.scenarios)} cases skipped on {run.target}" for run in runs]
    return f"{same}; {', '.join(skipped)}."


def _skipped(run: RunResult) -> int:
    return sum(scenario.outcome == "skipped" for scenario in run.scenarios)


def _scenarios(runs: Sequence[RunResult], rows: Sequence[Row]) -> str:
    head = ["scenario", *(run.target for run in runs)]
    return _table(head, [[row.scenario, *row.cells] for row in rows])


def _times(runs: Sequence[RunResult], machine: str) -> str:
    lines = [[name, *(_seconds(values(run)) for run in runs)] for name, values in _TIMES]
    peaks = ["peak memory of an invocation, the median", *(_megabytes(run.peaks_mb) for run in runs)]
    table = _table(["", *(run.target for run in runs)], [*lines, peaks], numbers=True)
    return f"Figures of one run on {machine}; they compare the targets, not machines.\n\n{table}"


def _seconds(values: Sequence[float]) -> str:
    return f"{median(values):.2f} s" if values else "none"


def _megabytes(values: Sequence[int]) -> str:
    return f"{median(values):.0f} MB" if values else "none"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]], *, numbers: bool = False) -> str:
    rule = ["---", *("--:" if numbers else "---" for _ in head[1:])]
    return "\n".join("| " + " | ".join(map(_escaped, line)) + " |" for line in (head, rule, *lines))


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
