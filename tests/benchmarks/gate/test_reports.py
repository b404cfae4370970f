"""The verdict as people and programs read it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.gate import reports
from benchmarks.gate.compare import compare
from benchmarks.gate.verdict import Verdict
from benchmarks.gate.wording import in_words
from benchmarks.report.gate_page import gate_page
from tests.benchmarks.gate.builders import baseline, observation, provenance, thumbnail, with_images

_THEN = with_images(observation({name: thumbnail(name) for name in ("a.jpg", "b.jpg", "c.jpg")}))
_RED = with_images(
    observation(
        {"a.jpg": thumbnail(size_bytes=1500), "b.jpg": thumbnail("b.jpg", size_bytes=900, score=60.0)},
        function=provenance(settings={"THUMBNAIL_EFFORT": "2"}),
        without_thumbnail={"c.jpg": "refused: <DamagedImage>"},
    )
)


@pytest.fixture
def red() -> Verdict:
    """One picture of each kind of trouble."""
    return compare(
        baseline(_THEN), _RED, accept_command='nox -s gate -- --function mine --accept "why this is wanted"'
    )


@pytest.fixture
def green() -> Verdict:
    """Nothing changed."""
    return compare(baseline(_THEN), _THEN)


def test_the_terminal_shows_what_is_red_and_why(red: Verdict, capsys: pytest.CaptureFixture[str]) -> None:
    reports.print_verdict(red, in_words(red), Path("index.html"))

    said = capsys.readouterr().out
    assert "+500 bytes (+50.0 %)" in said
    assert "100 bytes fewer, bought with a lower score" in said
    assert "no thumbnail: refused: <DamagedImage>" in said
    assert "setting THUMBNAIL_EFFORT: 6 -> 2" in said
    assert f"repair it, or take it as the new baseline: {red.accept_command}" in said


def test_the_terminal_folds_what_held(green: Verdict, capsys: pytest.CaptureFixture[str]) -> None:
    reports.print_verdict(green, in_words(green), Path("index.html"))

    said = capsys.readouterr().out
    assert "3 of 3 pictures" in said
    assert "a.jpg" not in said
    assert "green: held: 3 pictures\nnothing to do" in said


def test_better_in_all_comes_with_the_command_that_takes_it(capsys: pytest.CaptureFixture[str]) -> None:
    smaller = observation({"a.jpg": thumbnail(size_bytes=900, score=71.0)})

    better = compare(baseline(), smaller, accept_command='nox -s gate -- --accept "why this is wanted"')
    reports.print_verdict(better, in_words(better), Path("index.html"))

    said = capsys.readouterr().out
    assert "green: held: 1 picture; better in all" in said
    assert '--accept "why this is wanted"' in said


def test_markdown_has_the_red_rows_the_reasons_and_the_rest_folded(red: Verdict) -> None:
    text = reports.to_markdown(red, in_words(red))

    assert text.startswith("### Thumbnails of resizer: 2 of 3 pictures regressed; 1 of 3 pictures missing")
    assert "| a.jpg | **regressed** bytes | 1,000 | 1,500 | +500 bytes (+50.0 %) | +5 % |" in text
    assert r"no thumbnail: refused: \<DamagedImage\>" in text
    assert r"- setting THUMBNAIL\_EFFORT: 6 -\> 2" in text
    assert "<details>" not in text


def test_markdown_of_a_green_gate_folds_its_figures(green: Verdict) -> None:
    assert "<details><summary>3 of 3 pictures held</summary>" in reports.to_markdown(green, in_words(green))


def test_junit_fails_what_is_red_and_passes_what_held(red: Verdict) -> None:
    suite = ET.fromstring(reports.to_junit(in_words(red)))  # noqa: S314  our own text

    failed = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == ["bytes", "mean SSIMULACRA2", "a.jpg", "b.jpg", "c.jpg"]
    assert suite.get("failures") == "5"
    assert suite.get("tests") == str(len(list(suite.iter("testcase"))))


def test_json_has_units_in_its_names_and_a_format(red: Verdict) -> None:
    document = json.loads(reports.to_json(red, in_words(red)))

    assert document["format"] == "thumbrig-gate/1"
    assert document["outcome"] == "regressed"
    assert document["whole_set"]["size_bytes"]["limit_percent"] == 2.0
    assert [entry["outcome"] for entry in document["pictures"]] == ["regressed", "regressed", "missing"]
    assert document["pictures"][1]["fewer_bytes_bought_with_a_lower_score"]
    assert document["pictures"][0]["figures"]["size_pixels"] == {
        "then": [150, 150],
        "now": [150, 150],
        "regressed": False,
    }


def test_reports_are_written_and_the_summary_is_appended_where_github_wants_it(
    red: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    summary.write_text("what another step wrote\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    reports.clear(tmp_path / "gate")

    page = reports.write(red, in_words(red), tmp_path / "gate", page="the page")

    assert sorted(path.name for path in page.parent.iterdir()) == [
        "index.html",
        "junit.xml",
        "summary.md",
        "verdict.json",
    ]
    assert summary.read_text() == f"what another step wrote\n{reports.to_markdown(red, in_words(red))}\n"


def test_the_page_shows_both_thumbnails_and_escapes_what_it_is_given(red: Verdict) -> None:
    text = gate_page(red, in_words(red), _THEN.images, _RED)

    assert text.count("--then: url(data:image/webp;base64,") == 3
    assert text.count("--now: url(data:image/webp;base64,") == 2
    assert "&lt;DamagedImage&gt;" in text
    assert "<DamagedImage>" not in text


def test_a_run_that_cannot_judge_leaves_no_report_of_an_earlier_one(red: Verdict, tmp_path: Path) -> None:
    reports.write(red, in_words(red), tmp_path, page="the page")

    reports.clear(tmp_path)
    reports.write_unjudged("no baseline", tmp_path)

    suite = ET.fromstring((tmp_path / "junit.xml").read_text())  # noqa: S314  our own text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "summary.md"]
    assert suite.get("errors") == "1"
    assert "no baseline" in (tmp_path / "summary.md").read_text()


def test_the_command_to_accept_is_the_one_that_was_typed(red: Verdict) -> None:
    assert "`nox -s gate -- --function mine --accept" in reports.to_markdown(red, in_words(red))
