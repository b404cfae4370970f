"""The baseline's file: what is kept, what is refused, and that it is never lost."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gate.accept import NoReasonError, NotAcceptableError, accept
from benchmarks.gate.baseline import (
    BaselineNotWrittenError,
    BaselineThumbnailError,
    NoBaselineError,
    UnreadableBaselineError,
    read_baseline,
    write_baseline,
)
from benchmarks.gate.compare import compare
from benchmarks.gate.snapshot import Observation
from benchmarks.gate.wording import in_words
from tests.benchmarks.gate.builders import HERE, MB, baseline, observation, thumbnail, with_images


@pytest.fixture
def observed() -> Observation:
    """A run over two pictures."""
    return with_images(observation({name: thumbnail(name) for name in ("a.jpg", "b.jpg")}))


@pytest.fixture
def path(tmp_path: Path, observed: Observation) -> Path:
    """The file of a baseline."""
    file = tmp_path / "deep" / "thumbnails.json"
    write_baseline(file, baseline(observed), observed.images, former=None)
    return file


def test_a_baseline_is_read_as_it_was_written(path: Path, observed: Observation) -> None:
    found, images = read_baseline(path)

    assert found == baseline(observed)
    assert images == observed.images
    assert sorted(file.name for file in path.parent.rglob("*")) == [
        "a.jpg.webp",
        "b.jpg.webp",
        "thumbnails",
        "thumbnails.json",
    ]


def test_a_missing_baseline_names_the_option_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(NoBaselineError, match=r"found none; restore it, or make one .* --accept"):
        read_baseline(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("text", "came"),
    [
        pytest.param("{", "Expecting property name", id="not-json"),
        pytest.param("[]", "something else", id="a-list"),
        pytest.param('{"a": 1}', "something else", id="no-format"),
        pytest.param('{"format": "thumbrig-gate-baseline/2"}', "'thumbrig-gate-baseline/2'", id="newer"),
        pytest.param(
            '{"format": "thumbrig-gate-baseline/1"}', "missing required field `thresholds`", id="empty"
        ),
    ],
)
def test_a_file_that_is_no_baseline_is_refused_in_one_line(tmp_path: Path, text: str, came: str) -> None:
    path = tmp_path / "thumbnails.json"
    path.write_text(text)

    with pytest.raises(UnreadableBaselineError) as refused:
        read_baseline(path)

    assert came in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("place", "slip", "came"),
    [
        pytest.param(("thresholds",), {"bytes_percent": -1}, "'bytes_percent': expected", id="below-0"),
        pytest.param(
            ("thresholds",), {"byte_percent": 1}, "'byte_percent': expected", id="unknown-threshold"
        ),
        pytest.param(("thresholds",), {"score_points": "1"}, "Expected `float`, got `str`", id="no-number"),
        pytest.param(
            ("picture_thresholds",), {"a.jpg": {"byte_percent": 20}}, "'byte_percent': expected", id="of-one"
        ),
        pytest.param(
            ("snapshot", "thumbnails", "a.jpg"), {"colour": "red"}, "unknown fields: colour", id="field"
        ),
        pytest.param(("memories", 0), {"colour": "red"}, "unknown fields: colour", id="field-in-a-list"),
    ],
)
def test_a_slip_of_the_hand_in_a_baseline_is_found_and_named(
    path: Path, place: tuple[str | int, ...], slip: dict[str, Any], came: str
) -> None:
    stored: Any = json.loads(path.read_text())
    part = stored
    for step in place:
        part = part[step]
    part.update(slip)
    path.write_text(json.dumps(stored))

    with pytest.raises(UnreadableBaselineError, match=re.escape(came)):
        read_baseline(path)


def test_a_baseline_without_its_thumbnail_is_refused(path: Path) -> None:
    (path.parent / "thumbnails" / "a.jpg.webp").unlink()

    with pytest.raises(BaselineThumbnailError, match=r"a\.jpg\.webp: .* No such file"):
        read_baseline(path)


def test_a_baseline_with_another_thumbnail_is_refused(path: Path) -> None:
    (path.parent / "thumbnails" / "a.jpg.webp").write_bytes(b"another")

    with pytest.raises(BaselineThumbnailError, match="got another one"):
        read_baseline(path)


def test_writing_removes_the_thumbnails_of_the_former_baseline_and_nobody_else_s(
    path: Path, observed: Observation
) -> None:
    former, _ = read_baseline(path)
    mine = path.parent / "thumbnails" / "notes.txt"
    mine.write_text("mine")
    only_a = with_images(observation({"a.jpg": thumbnail()}))

    write_baseline(path, baseline(only_a), only_a.images, former=former)

    assert sorted(file.name for file in mine.parent.iterdir()) == ["a.jpg.webp", "notes.txt"]
    assert observed.images.keys() == {"a.jpg", "b.jpg"}


def test_a_baseline_that_cannot_be_written_is_reported(tmp_path: Path, observed: Observation) -> None:
    (tmp_path / "thumbnails").write_text("a file where the folder must be")

    with pytest.raises(BaselineNotWrittenError, match="cannot write there"):
        write_baseline(tmp_path / "thumbnails.json", baseline(observed), observed.images, former=None)


def test_accepting_demands_a_reason() -> None:
    with pytest.raises(NoReasonError):
        accept(None, observation(), None, reason="  ", date="2026-11-02")


def test_a_picture_without_a_thumbnail_cannot_be_accepted() -> None:
    failing = observation(without_thumbnail={"b.jpg": "out of memory"})

    with pytest.raises(NotAcceptableError, match=r"b\.jpg \(out of memory\); .*\[cannot\]"):
        accept(None, failing, None, reason="so be it", date="2026-11-02")


def test_accepting_appends_to_the_history_what_changed_in_figures() -> None:
    former = baseline()
    larger = observation({"a.jpg": thumbnail(size_bytes=1500)})

    accepted = accept(former, larger, in_words(compare(former, larger)), reason="sharper", date="2026-11-02")

    first, second = accepted.history
    assert first == former.history[0]
    assert second.reason == "sharper"
    assert second.then is not None
    assert (second.then.set_bytes, second.now.set_bytes) == (1000, 1500)
    assert any("bytes: 1,000 -> 1,500" in line for line in second.took_in)


def test_accepting_keeps_the_thresholds_and_the_peaks_of_other_environments() -> None:
    former = replace(baseline(), picture_thresholds={"a.jpg": {"bytes_percent": 20.0}})
    elsewhere = replace(HERE, limiter="watchdog")
    there = observation(environment=elsewhere, peak_bytes={"a.jpg": 50 * MB})

    accepted = accept(former, there, None, reason="for the watchdog", date="2026-11-02")

    here, there_again = accepted.memory_in(HERE), accepted.memory_in(elsewhere)
    assert accepted.picture_thresholds == {"a.jpg": {"bytes_percent": 20.0}}
    assert here is not None
    assert here.peak_bytes == {"a.jpg": 40 * MB}
    assert there_again is not None
    assert there_again.peak_bytes == {"a.jpg": 50 * MB}
