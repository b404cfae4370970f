from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.tuning.table import to_markdown, write_figures
from harness.files import UnreadableFileError
from tests.benchmarks.report.tune_sample import PICK, SLOW, TODAY, tune_sample

_BEGIN = "<!-- figures of nox -s tune: begin -->\n"
_END = "<!-- figures of nox -s tune: end -->\n"


def test_settings_photos_and_the_rest_are_written() -> None:
    lines = to_markdown(tune_sample()).splitlines()

    assert f"| today's | `{TODAY}` | 5,000 | +0.0 % | 64.0 | +0.00 | 1.00 |" in lines
    assert f"| **the pick** | `{PICK}` | 4,000 | -20.0 % | 65.0 | +1.00 | 0.60 |" in lines
    assert f"| for more CPU 1 | `{SLOW}` | 3,500 | -30.0 % | 64.0 | +0.00 | 8.00 |" in lines
    assert "| face.jpg | 5,000 | 4,000 | -20.0 % | 67.0 | 64.0 | -3.0 |" in lines
    assert any(line.startswith("The other 1 readable fixtures") and "+11.1 %" in line for line in lines)


def test_only_what_is_between_the_marks_changes(tmp_path: Path) -> None:
    path = tmp_path / "tuned.md"
    path.write_text(f"before\n{_BEGIN}old figures\n{_END}after\n")

    write_figures(tune_sample(), path)
    once = path.read_text()
    write_figures(tune_sample(), path)

    assert path.read_text() == once
    assert once.startswith(f"before\n{_BEGIN}")
    assert once.endswith(f"{_END}after\n")
    assert "old figures" not in once
    assert to_markdown(tune_sample()) in once


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tuned.md"
    path.write_text(f"only a beginning\n{_BEGIN}")

    with pytest.raises(UnreadableFileError, match="add both markers") as raised:
        write_figures(tune_sample(), path)

    assert "\n" not in str(raised.value)
    assert path.read_text() == f"only a beginning\n{_BEGIN}"


def test_a_document_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="No such file"):
        write_figures(tune_sample(), tmp_path / "tuned.md")
