"""Prints the verdict for a person: what is red first, what held in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.gate import wording
from benchmarks.gate.verdict import Metric, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.gate.baseline import Baseline
    from benchmarks.gate.verdict import Check, PictureVerdict, Verdict

_LOG_WIDTH = 170
_COLOURS = {Outcome.HELD: "green", Outcome.REGRESSED: "red", Outcome.MISSING: "yellow"}


def console(*, stderr: bool = False) -> Console:
    """Make a console whose tables keep their width in a log."""
    made = Console(highlight=False, stderr=stderr)
    return made if made.is_terminal else Console(highlight=False, stderr=stderr, width=_LOG_WIDTH)


def print_verdict(verdict: Verdict, page: Path) -> None:
    """Print all that a reviewer needs before opening the page."""
    out = console()
    out.print(_table(verdict))
    for entry in verdict.not_compared:
        out.print(Text(f"not compared: {entry.metric}: {entry.reason}", style="yellow"))
    _print_changes(out, verdict)
    colour = "red" if verdict.red else "green"
    out.print()
    out.print(
        Text(f"{'red' if verdict.red else 'green'}: {wording.headline(verdict)}", style=f"bold {colour}")
    )
    command = f": {entered}" if (entered := wording.command(verdict)) else ""
    out.print(f"{wording.advice(verdict)}{command}\n{page}", soft_wrap=True, markup=False)


def print_accepted(baseline: Baseline, path: Path) -> None:
    """Say what was taken as the new baseline."""
    out, entry = console(), baseline.history[-1]
    out.print()
    for line in entry.took_in:
        out.print(f"taken in: {line}", soft_wrap=True, markup=False)
    out.print(f"accepted: {wording.acceptance(entry)}\n{path}", soft_wrap=True, markup=False)


def _table(verdict: Verdict) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("", "what", "figure"):
        table.add_column(head)
    for head in ("then", "now", "change", "allowed"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("")
    for entry in verdict.of(Outcome.MISSING):
        _add(table, entry.outcome, entry.name, *[""] * 5, wording.remark(entry))
    for check in sorted(verdict.whole, key=lambda check: not check.regressed):
        outcome = Outcome.REGRESSED if check.regressed else Outcome.HELD
        _add(table, outcome, "whole set", wording.whole_name(check), *_cells(check))
    for entry in verdict.worst_first():
        for check in entry.regressions:
            _add(table, entry.outcome, entry.name, check.metric.value, *_cells(check), _remark(entry, check))
    if held := verdict.of(Outcome.HELD):
        _add(table, Outcome.HELD, f"{len(held)} of {len(verdict.pictures)} pictures", "every figure")
    return table


def _cells(check: Check) -> tuple[str, ...]:
    return (
        wording.value(check.metric, check.then),
        wording.value(check.metric, check.now),
        wording.difference(check),
        wording.limit(check),
    )


def _remark(entry: PictureVerdict, check: Check) -> str:
    return wording.remark(entry) if check.metric is Metric.SCORE else ""


def _add(table: Table, outcome: Outcome, *cells: str) -> None:
    table.add_row(Text(outcome.value, style=_COLOURS[outcome]), *(Text(cell) for cell in cells))


def _print_changes(out: Console, verdict: Verdict) -> None:
    if told := wording.changes(verdict):
        out.print(f"\n[bold]changed since the baseline of {verdict.baseline_date}[/bold]")
        for line in told:
            out.print(f"  {line}", markup=False, soft_wrap=True)
