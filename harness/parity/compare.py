"""Puts the runs of several targets beside each other, scenario by scenario."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.parity.results import RunResult, ScenarioResult


@dataclass(frozen=True, kw_only=True)
class Row:
    """One scenario with all its cases; a cell for each target."""

    scenario: str
    cells: tuple[str, ...]
    differs: bool


def compare(runs: Sequence[RunResult]) -> list[Row]:
    """List the scenarios in the order of the first run; those that only others have come after."""
    names = dict.fromkeys(_family(scenario.name) for run in runs for scenario in run.scenarios)
    return [_row(name, runs) for name in names]


def _row(name: str, runs: Sequence[RunResult]) -> Row:
    of_runs = [[scenario for scenario in run.scenarios if _family(scenario.name) == name] for run in runs]
    return Row(
        scenario=name,
        cells=tuple(map(_cell, of_runs)),
        # A skip has its reason beside it: only what was tried on both can differ.
        differs=len({_tried(scenarios) for scenarios in of_runs if _tried(scenarios)}) > 1,
    )


def _tried(scenarios: Iterable[ScenarioResult]) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, one.outcome) for one in scenarios if one.outcome != "skipped")


def _cell(scenarios: Sequence[ScenarioResult]) -> str:
    if not scenarios:
        return "not run"
    if all(scenario.outcome == "passed" for scenario in scenarios):
        return "pass" if len(scenarios) == 1 else f"pass ({len(scenarios)})"
    told = Counter(_told(scenario) for scenario in scenarios if scenario.outcome != "passed")
    passed = sum(scenario.outcome == "passed" for scenario in scenarios)
    parts = [f"pass ({passed})"] if passed else []
    parts += [f"{text} ({count})" if len(scenarios) > 1 else text for text, count in told.items()]
    return "; ".join(parts)


def _told(scenario: ScenarioResult) -> str:
    if scenario.outcome == "skipped":
        return f"skip: {scenario.detail}"
    _, _, case = scenario.name.removesuffix("]").partition("[")
    return f"fail{f' {case}' if case else ''}: {scenario.detail}"


def _family(name: str) -> str:
    return name.partition("[")[0]
