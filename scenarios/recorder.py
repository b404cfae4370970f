"""Follows a run of pytest for the summary at its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from harness.observe.log import read_log
from harness.parity.results import RunResult, ScenarioResult, save
from scenarios.journal import Journal, scenario_name
from scenarios.summary import print_summary

if TYPE_CHECKING:
    from collections.abc import Generator

    from harness.e2e import StartedTarget


class Recorder:
    """A plugin of pytest: notes each scenario's outcome, and prints the journal before pytest's last line."""

    def __init__(self, journal: Journal, started: StartedTarget) -> None:
        self.journal = journal
        self._started = started
        self._results: list[ScenarioResult] = []

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Open the scenario's row."""
        self.journal.row(scenario_name(nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome: that of the call, or of the set-up that kept it from being called."""
        if report.when == "call" or report.outcome != "passed":
            self.journal.outcome(scenario_name(report.nodeid), report.outcome)
            self._results.append(
                ScenarioResult(name=_case_name(report.nodeid), outcome=report.outcome, detail=_detail(report))
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_terminal_summary(self) -> Generator[None]:
        """Print the summary after pytest's own, which tells of failures."""
        yield
        if self._started.results:
            save(self._result(), self._started.results)
        if self.journal.rows:
            print_summary(
                self.journal,
                peaks_mb=self._peaks_mb(),
                limits=self._started.target.limits,
                started_seconds=self._started.started_seconds,
                ended_seconds=time.monotonic(),
            )

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


def _case_name(nodeid: str) -> str:
    """Name a scenario as a reader does, with the case that it was tried with."""
    _, bracket, case = nodeid.partition("[")
    return f"{scenario_name(nodeid)}{bracket}{case}"


def _detail(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        # Where a skip was called, the line there, and its reason.
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message).splitlines()[0] if crash else ""
