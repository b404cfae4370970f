"""Follows a run of pytest: prints its summary, and stores its results."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from statistics import median
from typing import Final

import pytest
from rich.table import Table

from harness.console import console
from harness.e2e import StartedTarget
from harness.observe.log import read_log
from harness.parity.results import RunResult, ScenarioResult, save
from scenarios.journal import Journal, ScenarioNotes

# The property of each pytest item that holds its scenario's name.
SCENARIO: Final = "scenario"


class Recorder:
    """A plugin of pytest: notes each scenario's outcome, and prints the journal before pytest's last line."""

    def __init__(self, started: StartedTarget) -> None:
        self.journal = Journal()
        self._started = started
        self._results: list[ScenarioResult] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome: that of the call, or of the set-up that kept it from being called."""
        if report.when == "call" or report.outcome != "passed":
            scenario = str(dict(report.user_properties)[SCENARIO])
            _, bracket, case = report.nodeid.partition("[")
            self.journal.notes(scenario).outcomes.append(report.outcome)
            self._results.append(
                ScenarioResult(
                    name=f"{scenario}{bracket}{case}", outcome=report.outcome, detail=_detail(report)
                )
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_terminal_summary(self) -> Generator[None]:
        """Print the summary after pytest's own, which shows the failures."""
        yield
        if self._started.results:
            save(self._result(), self._started.results)
        if self.journal.scenarios:
            self._print_summary()

    def _result(self) -> RunResult:
        started = self._started
        return RunResult(
            target=started.target.name,
            description=started.target.description,
            limits=started.target.limits,
            scenarios=self._results,
            boot_seconds=started.ready_seconds - started.started_seconds,
            whole_seconds=time.monotonic() - started.started_seconds,
            deploy_seconds=started.target.stacks.deploy_seconds,
            cold_seconds=self.journal.cold_seconds,
            warm_seconds=self.journal.warm_seconds,
            peaks_mb=self._peaks_mb(),
        )

    def _peaks_mb(self) -> list[int]:
        deployments = self._started.target.stacks.of_function_under_test
        return [peak for deployment in deployments for peak in read_log(deployment).peaks_mb]

    def _print_summary(self) -> None:
        """Print the table of scenarios, then times, memory and limits."""
        out = console()
        out.print()
        out.print(_table(self.journal))
        out.print()
        for line in _times(self.journal, self._started.started_seconds):
            out.print(line, soft_wrap=True)
        if peaks_mb := self._peaks_mb():
            peak = f"{median(peaks_mb):6.0f} MB, median of {len(peaks_mb)}; {max(peaks_mb)} MB the highest"
            out.print(f"peak of an invocation      {peak}", soft_wrap=True)
        out.print(self._started.target.limits, soft_wrap=True)


def _detail(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        # Where a skip was called, the line there, and its reason.
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message).splitlines()[0] if crash else ""


def _table(journal: Journal) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scenario", overflow="fold")
    for title in ("verdict", "pictures", "visible", "bytes in", "bytes out"):
        table.add_column(title, justify="right", no_wrap=True)
    for scenario, notes in journal.scenarios.items():
        table.add_row(scenario, *_cells(notes))
    return table


def _cells(notes: ScenarioNotes) -> tuple[str, ...]:
    verdict = ", ".join(f"{count} {outcome}" for outcome, count in Counter(notes.outcomes).items())
    if not notes.visible_seconds:
        return verdict, "", "", "", ""
    return (
        verdict,
        str(len(notes.visible_seconds)),
        f"{median(notes.visible_seconds) * 1000:.0f} ms",
        f"{notes.bytes_in:,}",
        f"{notes.bytes_out:,}",
    )


def _times(journal: Journal, started_seconds: float) -> Iterator[str]:
    if journal.first_thumbnail_seconds is not None:
        yield f"start to first thumbnail   {journal.first_thumbnail_seconds - started_seconds:6.2f} s"
    yield f"start to verdict           {time.monotonic() - started_seconds:6.2f} s"
    for name, seconds in (("cold", journal.cold_seconds), ("warm", journal.warm_seconds)):
        if seconds:
            yield f"reference photo, {name}      {_milliseconds(seconds)}"


def _milliseconds(seconds: Sequence[float]) -> str:
    count = f"median of {len(seconds)}" if len(seconds) > 1 else "one upload"
    return f"{median(seconds) * 1000:6.0f} ms upload to visible, {count}"
