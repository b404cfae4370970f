"""The baseline's file: what is kept, what is refused, and that it is never lost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.gate import baseline as baselines
from benchmarks.gate.accept import NoReasonError, NotAcceptableError, accept
from benchmarks.gate.compare import compare
from tests.benchmarks.gate.builders import HERE, MB, baseline, observation, thumbnail, with_images

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.gate.snapshot import Observation


@pytest.fixture
def observed() -> Observation:
    """A run over two pictures."""
    return with_images(observation({name: thumbnail(name) for name in ("a.jpg", "b.jpg")}))


@pytest.fixture
def path(tmp_path: Path, observed: Observation) -> Path:
    """The file of a baseline."""
    file = tmp_path / "deep" / "thumbnails.json"
    baselines.write(file, baseline(observed), observed.images, former=None)
    return file


def test_a_baseline_is_read_as_it_was_written(path: Path, observed: Observation) -> None:
    found, images = baselines.read(path)

    assert found == baseline(observed)
    assert images == observed.images
    assert sorted(file.name for file in path.parent.rglob("*")) == [
        "a.jpg.webp",
        "b.jpg.webp",
        "thumbnails",
        "thumbnails.json",
    ]


def test_a_missing_baseline_names_the_option_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(baselines.NoBaselineError, match=r"found none; restore it, or make one .* --accept"):
        baselines.read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("text", "came"),
    [
        pytest.param("{", "Expecting property name", id="not-json"),
        pytest.param("[]", "something else", id="a-list"),
        pytest.param('{"a": 1}', "something else", id="no-format"),
        pytest.param('{"format": "thumbrig-gate-baseline/2"}', "'thumbrig-gate-baseline/2'", id="newer"),
        pytest.param('{"format": "thumbrig-gate-baseline/1"}', "KeyError: 'snapshot'", id="empty"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused_in_one_line(tmp_path: Path, text: str, came: str) -> None:
    path = tmp_path / "thumbnails.json"
    path.write_text(text)

    with pytest.raises(baselines.UnreadableBaselineError) as refused:
        baselines.read(path)

    assert came in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def _threshold(stored: dict[str, Any]) -> None:
    stored["thresholds"]["bytes_percent"] = -1


def _unknown_threshold(stored: dict[str, Any]) -> None:
    stored["picture_thresholds"] = {"a.jpg": {"byte_percent": 20}}


def _no_number(stored: dict[str, Any]) -> None:
    stored["thresholds"]["score_points"] = "1"


def _strange_field(stored: dict[str, Any]) -> None:
    stored["snapshot"]["thumbnails"]["a.jpg"]["colour"] = "red"


@pytest.mark.parametrize("slip", [_threshold, _unknown_threshold, _no_number, _strange_field])
def test_a_slip_of_the_hand_in_a_baseline_is_found(
    path: Path, slip: Callable[[dict[str, Any]], None]
) -> None:
    stored = json.loads(path.read_text())
    slip(stored)
    path.write_text(json.dumps(stored))

    with pytest.raises(baselines.UnreadableBaselineError):
        baselines.read(path)


def test_a_baseline_without_its_thumbnail_is_refused(path: Path) -> None:
    (path.parent / "thumbnails" / "a.jpg.webp").unlink()

    with pytest.raises(baselines.BaselineThumbnailError, match=r"a\.jpg\.webp: .* No such file"):
        baselines.read(path)


def test_a_baseline_with_another_thumbnail_is_refused(path: Path) -> None:
    (path.parent / "thumbnails" / "a.jpg.webp").write_bytes(b"another")

    with pytest.raises(baselines.BaselineThumbnailError, match="got another one"):
        baselines.read(path)


def test_writing_removes_the_thumbnails_of_the_former_baseline_and_nobody_else_s(
    path: Path, observed: Observation
) -> None:
    former, _ = baselines.read(path)
    mine = path.parent / "thumbnails" / "notes.txt"
    mine.write_text("mine")
    only_a = with_images(observation({"a.jpg": thumbnail()}))

    baselines.write(path, baseline(only_a), only_a.images, former=former)

    assert sorted(file.name for file in mine.parent.iterdir()) == ["a.jpg.webp", "notes.txt"]
    assert observed.images.keys() == {"a.jpg", "b.jpg"}


def test_a_baseline_that_cannot_be_written_is_told(tmp_path: Path, observed: Observation) -> None:
    (tmp_path / "thumbnails").write_text("a file where the folder must be")

    with pytest.raises(baselines.BaselineNotWrittenError, match="cannot write there"):
        baselines.write(tmp_path / "thumbnails.json", baseline(observed), observed.images, former=None)


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

    accepted = accept(former, larger, compare(former, larger), reason="sharper", date="2026-11-02")

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
