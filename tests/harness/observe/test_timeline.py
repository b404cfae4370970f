from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.application import Thumbnail, Upload
from harness.observe.log import FunctionLog, LogLine
from harness.observe.timeline import SEEN_AT_EDGE, SEEN_IN_BUCKET, EdgeRequest, Observed, Timeline, timeline
from harness.observe.timeline_text import remarks, table, to_json

_KEY = "members/profile/originals/1-me.jpg"
_UPLOAD = Upload(
    key=_KEY,
    thumbnail_key="members/profile/resized/thumbnail/1-me.webp",
    original_bytes=3_000_000,
    started_epoch_seconds=1000.0,
    started_seconds=50.0,
    accepted_seconds=0.02,
)
_THUMBNAIL = Thumbnail(
    key=_UPLOAD.thumbnail_key,
    data=b"picture",
    content_type="image/webp",
    cache_control="",
    etag='"1"',
    modified_epoch_seconds=1000.0,
    visible_seconds=0.41,
)
_MADE = {
    "level": "info",
    "message": "thumbnail",
    "key": _KEY,
    "thumbnail": _UPLOAD.thumbnail_key,
    "event_time": "1970-01-01T00:16:40.018Z",
    "download_ms": 10.0,
    "decode_ms": 20.0,
    "upload_ms": 5.0,
}


def _log(line: dict[str, Any], *, init: str = "\tInit Duration: 200.00 ms") -> FunctionLog:
    entries = [
        (1_000_300, "START RequestId: r Version: $LATEST"),
        (1_000_340, json.dumps(line)),
        (1_000_342, f"REPORT RequestId: r\tDuration: 41.00 ms{init}"),
    ]
    return FunctionLog(tuple(LogLine(epoch_ms=at, message=text, stream="s") for at, text in entries))


def _observed(**changes: Any) -> Observed:  # noqa: ANN401  fields of a dataclass
    found: dict[str, Any] = {
        "upload": _UPLOAD,
        "thumbnail": _THUMBNAIL,
        "missed_seconds": 0.40,
        "log": _log(_MADE),
        "looks": (EdgeRequest(at_ms=412, took_ms=8, status=200, cache="Miss from cloudfront", correct=True),),
    }
    return Observed(**found | changes)


def _times(found: Timeline, name: str) -> tuple[float | None, float | None]:
    step = found.step(name)
    return step.start_ms, step.end_ms


def test_steps_are_placed_since_the_upload_began() -> None:
    found = timeline(_observed())

    assert _times(found, "accepted") == (0.0, 20.0)
    assert _times(found, "event") == pytest.approx((18.0, 18.0))
    assert _times(found, "waiting") == pytest.approx((18.0, 100.0))
    assert _times(found, "environment") == pytest.approx((100.0, 300.0))
    assert _times(found, "invocation") == pytest.approx((300.0, 341.0))
    assert _times(found, SEEN_AT_EDGE) == (412, 420)
    assert found.arrived_ms == 420


def test_the_function_s_own_steps_are_counted_back_from_its_line() -> None:
    found = timeline(_observed())

    assert _times(found, "download") == pytest.approx((305.0, 315.0))
    assert _times(found, "decode") == pytest.approx((315.0, 335.0))
    assert _times(found, "store") == pytest.approx((335.0, 340.0))


def test_a_line_that_is_read_late_was_written_within_its_invocation() -> None:
    start, made, report = _log(_MADE).lines
    late = replace(made, epoch_ms=made.epoch_ms + 7)

    found = timeline(_observed(log=FunctionLog((start, late, report))))

    assert _times(found, "store") == pytest.approx((336.0, 341.0))


def test_a_moment_is_only_as_exact_as_the_looks_around_it() -> None:
    found = timeline(_observed())

    assert found.step(SEEN_IN_BUCKET).precision_ms == pytest.approx(10.0)
    assert found.step("stored").precision_ms == 1000.0


def test_a_reused_environment_has_no_start() -> None:
    found = timeline(_observed(log=_log(_MADE, init="")))

    assert found.step("environment").note == "reused"
    assert _times(found, "environment") == (None, None)


def test_what_a_function_does_not_log_is_said_to_be_unknown() -> None:
    silent = timeline(_observed(log=FunctionLog(())))
    terse = timeline(_observed(log=_log({"key": _KEY, "thumbnail": "x"})))

    assert silent.step("invocation").note == "no line of the function's log names this original"
    assert terse.step("event").note == "the function's line does not say it"
    assert [step.name for step in terse.steps if step.name == "download"] == []


def test_wrong_answers_on_the_way_are_reported() -> None:
    early = EdgeRequest(at_ms=30, took_ms=5, status=403, cache="Error from cloudfront", correct=False)
    right = EdgeRequest(at_ms=412, took_ms=8, status=200, cache="Miss from cloudfront", correct=True)

    found = timeline(_observed(looks=(early, right)))

    assert found.errors == ("the edge at 30 ms: 403, Error from cloudfront",)
    assert _times(found, SEEN_AT_EDGE) == (412, 420)


def test_an_attempt_that_failed_before_the_one_that_made_it_is_reported() -> None:
    failed = {"level": "error", "key": _KEY, "reason": "TimeoutError: slow"}
    first = [
        LogLine(epoch_ms=1_000_100, message="START RequestId: q Version: $LATEST", stream="t"),
        LogLine(epoch_ms=1_000_120, message=json.dumps(failed), stream="t"),
    ]

    found = timeline(_observed(log=FunctionLog((*first, *_log(_MADE).lines))))

    assert found.attempts == 2
    assert found.errors == ("the function: to be retried: TimeoutError: slow",)
    assert _times(found, "invocation") == pytest.approx((300.0, 341.0))


def test_a_missing_thumbnail_is_reported_with_its_reason() -> None:
    found = timeline(_observed(thumbnail=None, looks=(), why_missing="its filter did not match"))

    assert found.arrived_ms is None
    assert remarks(found) == ["no thumbnail: its filter did not match"]


def test_a_picture_that_the_edge_never_showed_arrives_in_the_bucket() -> None:
    found = timeline(_observed(looks=()))

    assert found.arrived_ms == pytest.approx(410)
    assert found.step(SEEN_AT_EDGE).note == "it never was"


def test_the_json_has_its_version_and_units_in_its_names() -> None:
    stored = json.loads(to_json({"warm": timeline(_observed())}))["warm"]

    assert stored["format_version"] == 1
    assert stored["started_epoch_seconds"] == 1000.0
    assert stored["steps"][0] == {
        "name": "accepted",
        "clock": "application",
        "start_ms": 0.0,
        "end_ms": 20.0,
        "precision_ms": 0.0,
        "note": "",
    }


def test_the_table_has_a_row_for_each_step() -> None:
    found = timeline(_observed())

    assert table("warm", found).row_count == len(found.steps)
