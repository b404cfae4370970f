"""Keeps pytest's dots out of the benchmark's own progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Show nothing for a test that passed; a failure is shown as usual."""
    return (report.outcome, "", "") if report.passed else None
