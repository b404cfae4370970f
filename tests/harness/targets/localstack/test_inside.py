"""What of the rig's changes to LocalStack needs no LocalStack to be tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from harness.sandbox.limits.base import Usage
from harness.targets.localstack.inside.dating import Line, dated, events, printed_lines
from harness.targets.localstack.inside.notation import key_as_aws_encodes_it, sequencer
from harness.targets.localstack.inside.report import Figures, corrected_log, corrected_payload
from harness.targets.localstack.inside.seams import SeamMovedError, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_FIGURES = Figures(
    usage=Usage(peak_bytes=61 * 2**20, cpu_seconds=0.1, oom_killed=False),
    duration_seconds=9.0,
    init_seconds=None,
    memory_mb=512,
)


@pytest.mark.parametrize(
    ("localstack", "aws"),
    [
        pytest.param("my%20photo.jpg", "my+photo.jpg", id="space"),
        pytest.param("a%2Bb.jpg", "a%2Bb.jpg", id="plus"),
        pytest.param("100%25.jpg", "100%25.jpg", id="percent"),
        pytest.param("a/b/me%20%281%29.jpg", "a/b/me+%281%29.jpg", id="folders-and-parentheses"),
        pytest.param("%EC%82%AC.jpg", "%EC%82%AC.jpg", id="korean"),
    ],
)
def test_a_key_is_written_as_aws_writes_it(localstack: str, aws: str) -> None:
    assert key_as_aws_encodes_it(localstack) == aws


def test_sequencers_rise_as_text_and_are_of_one_length() -> None:
    first = datetime(2026, 11, 22, 23, 59, 59, 999_999, tzinfo=UTC)
    moments = [first, first + timedelta(microseconds=1), first + timedelta(days=400)]

    sequencers = [sequencer(moment) for moment in moments]

    assert sequencers == sorted(sequencers)
    assert len(set(sequencers)) == 3
    assert {len(one) for one in sequencers} == {18}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(
            "REPORT RequestId: 1\tDuration: 37.10 ms\tBilled Duration: 38 ms\t"
            "Memory Size: 512 MB\tMax Memory Used: 512 MB",
            id="plain",
        ),
        pytest.param(
            "REPORT RequestId: 1\tInit Duration: 0.12 ms\tDuration: 37.10 ms\tBilled Duration: 38 ms\t"
            "Memory Size: 512 MB\tMax Memory Used: 512 MB\t",
            id="with-an-invented-initialisation",
        ),
    ],
)
def test_a_log_tells_the_measured_peak_and_keeps_its_other_lines(line: str) -> None:
    before = ["START RequestId: 1 Version: $LATEST", "hello", "END RequestId: 1"]

    log = corrected_log("\n".join([*before, line, ""]), "1", _FIGURES)

    *others, report = log.splitlines()
    assert others == before
    assert report == (
        "REPORT RequestId: 1\tDuration: 37.10 ms\tBilled Duration: 38 ms\t"
        "Memory Size: 512 MB\tMax Memory Used: 61 MB"
    )


def test_an_invocation_without_a_log_gets_its_frame() -> None:
    lines = corrected_log("", "7", _FIGURES).splitlines()

    assert [line.split()[0] for line in lines] == ["START", "END", "REPORT"]
    assert "Duration: 9000.00 ms" in lines[2]


_FRAMED = (
    "START RequestId: 1 Version: $LATEST\nhello\nEND RequestId: 1\nREPORT RequestId: 1\tDuration: 9 ms\n"
)


def test_a_log_s_lines_have_the_dates_at_which_they_were_printed() -> None:
    printed = printed_lines(
        b"2026-11-23T00:39:00.511251705Z settings\n"
        b"2026-11-23T00:39:01.439874193Z hello\n"
        b"2026-11-23T00:39:01.5Z \n"
    )
    began, said = printed[0].epoch_ms + 100, printed[1].epoch_ms

    log = dated(_FRAMED, printed, request_id="1", began_epoch_ms=began, ended_epoch_ms=said + 5)

    assert said - printed[0].epoch_ms == 928
    assert [
        (event["timestamp"] - began, event["message"].split()[0]) for event in events(log, now_epoch_ms=0)
    ] == [
        (-100, "settings"),
        (0, "START"),
        (828, "hello"),
        (833, "END"),
        (833, "REPORT"),
    ]


def test_a_log_loses_no_line_that_nobody_saw_printed() -> None:
    printed = [Line(3, "something else")]

    log = dated(_FRAMED, printed, request_id="1", began_epoch_ms=2, ended_epoch_ms=7)

    assert log == _FRAMED
    assert [event["timestamp"] for event in events(log, now_epoch_ms=0)] == [2, 7, 7, 7]


def test_what_a_killed_function_printed_is_in_its_log() -> None:
    frame = corrected_log("", "1", _FIGURES)

    log = dated(frame, [Line(3, "my last words")], request_id="1", began_epoch_ms=2, ended_epoch_ms=7)

    assert [line.split()[0] for line in log.splitlines()] == ["START", "my", "END", "REPORT"]


def test_a_log_that_is_not_dated_is_dated_as_it_is_stored() -> None:
    assert events("a\n\nb\n", now_epoch_ms=9) == [
        {"timestamp": 9, "message": "a\n"},
        {"timestamp": 9, "message": "b\n"},
    ]


def test_a_signal_is_named_and_other_ends_stay_as_they_are() -> None:
    killed = corrected_payload(b'{"errorMessage": "Runtime exited with error: exit status -9"}')
    ended = corrected_payload(b'{"errorMessage": "Runtime exited with error: exit status 3"}')

    assert killed == b'{"errorMessage": "Runtime exited with error: signal: killed"}'
    assert ended == b'{"errorMessage": "Runtime exited with error: exit status 3"}'


def _twice(original: Callable[[int], int], value: int) -> int:
    return 2 * original(value)


def test_a_seam_is_wrapped_where_it_is_as_expected() -> None:
    owner = SimpleNamespace(add=lambda value: value + 1)

    wrap(owner, "add", ["value"], _twice)

    assert owner.add(3) == 8


def test_a_static_method_stays_one() -> None:
    class Owner:
        @staticmethod
        def add(value: int) -> int:
            return value + 1

    wrap(Owner, "add", ["value"], _twice)

    assert Owner().add(3) == 8


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("gone", "nothing of that name", id="gone"),
        pytest.param("add", r"\(value\)", id="other-parameters"),
    ],
)
def test_a_seam_that_moved_is_refused(name: str, found: str) -> None:
    owner = SimpleNamespace(add=lambda value: value + 1)

    with pytest.raises(SeamMovedError, match=f"expected .*{name}.first, second., found {found}; use version"):
        wrap(owner, name, ["first", "second"], _twice)
