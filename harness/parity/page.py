"""Compares runs on several targets, scenario by scenario, and writes the comparison as a page in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from harness.parity.results import RunResult, ScenarioResult

_TIMES: tuple[tuple[str, Callable[[RunResult], Sequence[float]]], ...] = (
    ("boot: command to a target that can be deployed to", lambda run: [run.boot_seconds]),
    ("deploy: one stack, the median", lambda run: run.deploy_seconds),
    ("cold: upload to visible thumbnail, first of its stack", lambda run: run.cold_seconds),
    ("warm: the same, the median", lambda run: run.warm_seconds),
    ("whole run", lambda run: [run.whole_seconds]),
)


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One scenario with all its cases; a cell for each target."""

    scenario: str
    cells: tuple[str, ...]
    differs: bool


def render(runs: Sequence[RunResult], *, machine: str) -> str:
    """Write the whole page."""
    rows = compare(runs)
    sections = [
        "# The same scenarios on each target\n\nWritten by `nox -s parity`; do not edit it.",
        _targets(runs),
        _verdict(runs, rows),
        _scenarios(runs, rows),
        _times(runs, machine),
    ]
    return "\n\n".join(sections) + "\n"


def compare(runs: Sequence[RunResult]) -> list[_Row]:
    """List the scenarios in the order of the first run; those that only others have come after."""
    names = dict.fromkeys(_family(scenario.name) for run in runs for scenario in run.scenarios)
    return [_row(name, runs) for name in names]


def _row(name: str, runs: Sequence[RunResult]) -> _Row:
    of_runs = [[scenario for scenario in run.scenarios if _family(scenario.name) == name] for run in runs]
    return _Row(
        scenario=name,
        cells=tuple(map(_cell, of_runs)),
        # A skip has its reason beside it: only what was tried on each can differ.
        differs=len({_tried(scenarios) for scenarios in of_runs if _tried(scenarios)}) > 1,
    )


def _tried(scenarios: Iterable[ScenarioResult]) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, one.outcome) for one in scenarios if one.outcome != "skipped")


def _cell(scenarios: Sequence[ScenarioResult]) -> str:
    if not scenarios:
        return "not run"
    if all(scenario.outcome == "passed" for scenario in scenarios):
        return "pass" if len(scenarios) == 1 else f"pass ({len(scenarios)})"
    others = Counter(_why(scenario) for scenario in scenarios if scenario.outcome != "passed")
    passed = sum(scenario.outcome == "passed" for scenario in scenarios)
    parts = [f"pass ({passed})"] if passed else []
    parts += [f"{text} ({count})" if len(scenarios) > 1 else text for text, count in others.items()]
    return "; ".join(parts)


def _why(scenario: ScenarioResult) -> str:
    if scenario.outcome == "skipped":
        return f"skip: {scenario.detail}"
    _, _, case = scenario.name.removesuffix("]").partition("[")
    return f"fail{f' {case}' if case else ''}: {scenario.detail}"


def _family(name: str) -> str:
    return name.partition("[")[0]


def _targets(runs: Sequence[RunResult]) -> str:
    return "\n".join(f"- **{run.target}**: {run.description}; {run.limits}." for run in runs)


def _verdict(runs: Sequence[RunResult], rows: Sequence[_Row]) -> str:
    differing = [row.scenario for row in rows if row.differs]
    if differing:
        return f"Differing: {', '.join(differing)}."
    same = f"Of {len(rows)} scenarios none ends differently where it is run"
    skipped = [f"{_skipped(run)} of {len(run.scenarios)} cases skipped on {run.target}" for run in runs]
    return f"{same}; {', '.join(skipped)}."


def _skipped(run: RunResult) -> int:
    return sum(scenario.outcome == "skipped" for scenario in run.scenarios)


def _scenarios(runs: Sequence[RunResult], rows: Sequence[_Row]) -> str:
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
