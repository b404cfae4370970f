from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.files import UnreadableFileError
from harness.parity.page import compare, render
from harness.parity.results import RunResult, ScenarioResult, load, save


def _run(target: str, *scenarios: tuple[str, str, str]) -> RunResult:
    return RunResult(
        target=target,
        description=f"{target} 1",
        limits="held",
        scenarios=[ScenarioResult(name=name, outcome=how, detail=why) for name, how, why in scenarios],
        boot_seconds=1.5,
        whole_seconds=20.0,
        deploy_seconds=[0.3, 0.5, 0.4],
        cold_seconds=[1.0],
        warm_seconds=[],
    )


_PASSED = ("keys: a[one]", "passed", "")
_SKIPPED = ("isolation: b", "skipped", "it enforces no IAM policies")


def test_a_skip_has_its_reason_and_is_no_difference() -> None:
    rows = compare([_run("one", ("isolation: b", "passed", "")), _run("other", _SKIPPED)])

    assert [row.cells for row in rows] == [("pass", "skip: it enforces no IAM policies")]
    assert not rows[0].differs


def test_cases_of_a_scenario_are_one_row_and_what_differs_says_how() -> None:
    failed = ("keys: a[two]", "failed", "AssertionError: no | thumbnail")
    runs = [_run("one", _PASSED, ("keys: a[two]", "passed", "")), _run("other", _PASSED, failed)]

    (row,) = compare(runs)

    assert row.cells == ("pass (2)", "pass (1); fail two: AssertionError: no | thumbnail (1)")
    assert row.differs


def test_what_was_run_on_one_target_only_is_shown() -> None:
    rows = compare([_run("one", _PASSED, _SKIPPED), _run("other", _SKIPPED)])

    assert rows[0].cells == ("pass", "not run")


def test_the_page_has_scenarios_and_times_side_by_side() -> None:
    runs = [_run("one", _PASSED), _run("other", _PASSED)]

    page = render(runs, machine="2 cores")

    assert "| keys: a | pass | pass |" in page
    assert "| deploy: one stack, the median | 0.40 s | 0.40 s |" in page
    assert "| warm: the same, the median | none | none |" in page
    assert "- **one**: one 1; held." in page
    assert "Of 1 scenarios none ends differently" in page


def test_the_page_names_what_differs() -> None:
    runs = [_run("one", _PASSED), _run("other", ("keys: a[one]", "failed", "no | thumbnail"))]

    page = render(runs, machine="2 cores")

    assert "Differing: keys: a." in page
    assert "no \\| thumbnail" in page


def test_a_run_is_stored_and_read_back(tmp_path: Path) -> None:
    run = _run("one", _PASSED, _SKIPPED)

    save(run, tmp_path / "one.json")

    assert load(tmp_path / "one.json") == run
    assert load(tmp_path / "one.json") != replace(run, target="other")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"format": 2}', id="another-format"),
        pytest.param("{}", id="no-format"),
        pytest.param("not JSON", id="no-json"),
        pytest.param('{"format": 1, "scenarios": []}', id="half"),
    ],
)
def test_what_is_no_stored_run_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.json").write_text(text)

    with pytest.raises(UnreadableFileError, match="expected the results of a run, in format 1"):
        load(tmp_path / "one.json")
