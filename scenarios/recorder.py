"""Follows a run of pytest for the summary at its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from scenarios.journal import Journal, scenario_name
from scenarios.summary import print_summary

if TYPE_CHECKING:
    from collections.abc import Generator


class Recorder:
    """A plugin of pytest: notes each scenario's outcome, and prints the journal before pytest's last line."""

    def __init__(self, journal: Journal, *, started_seconds: float) -> None:
        self.journal = journal
        self._started_seconds = started_seconds

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Open the scenario's row."""
        self.journal.row(scenario_name(nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome: that of the call, or of the set-up that kept it from being called."""
        if report.when == "call" or report.outcome != "passed":
            self.journal.outcome(scenario_name(report.nodeid), report.outcome)

    @pytest.hookimpl(wrapper=True)
    def pytest_terminal_summary(self) -> Generator[None]:
        """Print the summary after pytest's own, which tells of failures."""
        yield
        if self.journal.rows:
            print_summary(self.journal, started_seconds=self._started_seconds, ended_seconds=time.monotonic())
