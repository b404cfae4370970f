from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from harness.observe.diagnosis import Cause, Evidence, decide
from harness.observe.log import FunctionLog, LogLine

if TYPE_CHECKING:
    from collections.abc import Mapping

_START = "START RequestId: 1 Version: $LATEST"
_REPORT = "REPORT RequestId: 1\tDuration: 5.00 ms"


def _log(*messages: str) -> FunctionLog:
    return FunctionLog(tuple(LogLine(epoch_ms=index, message=text) for index, text in enumerate(messages)))


_NOTHING = Evidence(
    original_bytes=7,
    original_error="",
    filters=({"prefix": "in/"},),
    covered=True,
    may_invoke=True,
    log=_log(),
    lines=(),
    failures=(),
)
_REFUSED = {"level": "error", "type": "NotAnImage", "reason": "it is text"}
_FAILED = {"level": "error", "reason": "TimeoutError: no answer"}
_DENIED = {"level": "error", "reason": "PermissionDeniedError: 403"}
_GIVEN_UP = {"errorType": "TimeoutError", "errorMessage": "no answer"}


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        pytest.param({"original_bytes": None, "lines": (_FAILED,)}, Cause.NO_ORIGINAL, id="no-original"),
        pytest.param({"covered": False}, Cause.FILTER, id="filter"),
        pytest.param({"may_invoke": False}, Cause.NO_PERMISSION, id="may-not-invoke"),
        pytest.param({"lines": (_DENIED,)}, Cause.NO_PERMISSION, id="role-denied"),
        pytest.param(
            {"failures": ({"errorType": "ClientError", "errorMessage": "AccessDenied"},)},
            Cause.NO_PERMISSION,
            id="role-denied-and-given-up",
        ),
        pytest.param({"lines": (_REFUSED,)}, Cause.REFUSED, id="refused"),
        pytest.param({"lines": ({"message": "skipped", "reason": "x"},)}, Cause.SKIPPED, id="skipped"),
        pytest.param({"lines": (_FAILED,)}, Cause.RETRYING, id="retrying"),
        pytest.param(
            {"log": _log(_START, "Task timed out after 30.00 seconds", _REPORT)},
            Cause.RETRYING,
            id="retrying-without-a-name",
        ),
        pytest.param({"lines": (_FAILED,), "failures": (_GIVEN_UP,)}, Cause.GIVEN_UP, id="given-up"),
        pytest.param({"log": _log(_START)}, Cause.RUNNING, id="running"),
        pytest.param({"log": _log(_START, _REPORT)}, Cause.SILENT, id="silent"),
        pytest.param({}, Cause.NOT_STARTED, id="not-started"),
        pytest.param({"may_invoke": None}, Cause.NOT_STARTED, id="policy-cannot-be-read"),
    ],
)
def test_the_first_station_that_stopped_the_original_is_the_cause(
    evidence: Mapping[str, Any], cause: Cause
) -> None:
    assert decide(replace(_NOTHING, **evidence))[0] is cause


def test_the_detail_tells_the_last_error() -> None:
    evidence = replace(_NOTHING, lines=(_FAILED, {"level": "error", "reason": "OSError: again"}))

    assert decide(evidence)[1] == "2 failed so far, the last: OSError: again"
