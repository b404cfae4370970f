from __future__ import annotations

import json

from harness.observe.log import FunctionLog, LogLine, attempts, attempts_at


def _log(*entries: tuple[int, str, str]) -> FunctionLog:
    return FunctionLog(
        tuple(LogLine(epoch_ms=moment, stream=stream, message=text) for moment, stream, text in entries)
    )


_MIXED = _log(
    (1000, "one", "INIT_START Runtime Version: python:3.13"),
    (1100, "one", "START RequestId: first Version: $LATEST"),
    (1105, "two", "START RequestId: second Version: $LATEST"),
    (1110, "two", json.dumps({"key": "b.jpg", "message": "thumbnail"})),
    (1120, "one", json.dumps({"key": "a.jpg", "message": "thumbnail"})),
    (1121, "one", "END RequestId: first"),
    (
        1121,
        "one",
        "REPORT RequestId: first\tDuration: 21.50 ms\tBilled Duration: 122 ms\tInit Duration: 99.25 ms",
    ),
    (1130, "one", "START RequestId: third Version: $LATEST"),
)


def test_attempts_of_several_environments_are_kept_apart() -> None:
    assert [attempt.request_id for attempt in attempts(_MIXED)] == ["first", "second", "third"]
    assert [attempt.request_id for attempt in attempts_at(_MIXED, "b.jpg")] == ["second"]


def test_an_attempt_has_lambda_s_own_figures_once_it_is_over() -> None:
    first, second, third = attempts(_MIXED)

    assert (first.started_epoch_ms, first.duration_ms, first.init_ms) == (1100, 21.5, 99.25)
    assert (second.duration_ms, second.init_ms) == (None, None)
    assert third.line_about("a.jpg") is None


def test_an_error_while_an_environment_starts_is_its_first_attempt_s() -> None:
    log = _log(
        (1, "one", "[ERROR] SettingsError: THUMBNAIL_EFFORT\nTraceback (most recent call last):"),
        (2, "one", "START RequestId: first Version: $LATEST"),
    )

    (attempt,) = attempts(log)

    assert attempt.unnamed_error == "[ERROR] SettingsError: THUMBNAIL_EFFORT"


def test_an_error_of_an_attempt_that_names_its_original_is_not_unnamed() -> None:
    log = _log(
        (1, "one", "START RequestId: first Version: $LATEST"),
        (2, "one", json.dumps({"key": "a.jpg", "level": "error"})),
        (3, "one", "[ERROR] OSError: unavailable"),
    )

    assert attempts(log)[0].unnamed_error is None
