from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.observe.diagnosis import Cause, Evidence, decide, lets_s3_invoke
from harness.observe.log import FunctionLog, LogLine

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
_STORED = {"message": "thumbnail", "thumbnail": "out/me.webp"}
_FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:thumbnails"
_ALLOWED: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
    "Resource": _FUNCTION,
    "Condition": {
        "StringEquals": {"AWS:SourceAccount": "000000000000"},
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"},
    },
}
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
        pytest.param({"lines": (_STORED,)}, Cause.THUMBNAIL_DELETED, id="thumbnail-deleted"),
        pytest.param({"lines": (_STORED,), "has_thumbnail": True}, Cause.STORED, id="stored"),
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


def test_the_detail_has_the_last_error() -> None:
    evidence = replace(_NOTHING, lines=(_FAILED, {"level": "error", "reason": "OSError: again"}))

    assert decide(evidence)[1] == "2 failed so far, the last: OSError: again"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="as-the-template-has-it"),
        pytest.param({"Condition": {}}, id="any-bucket"),
        pytest.param({"Condition": {"ArnLike": {"aws:SourceArn": ["arn:aws:s3:::ph*"]}}}, id="pattern"),
        pytest.param({"Principal": "*", "Action": ["lambda:*"], "Resource": "*"}, id="everybody"),
    ],
)
def test_a_policy_lets_s3_invoke(change: dict[str, Any]) -> None:
    assert lets_s3_invoke({"Statement": [_ALLOWED | change]}, _FUNCTION, "photos")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Principal": {"Service": "sns.amazonaws.com"}}, id="another-service"),
        pytest.param({"Principal": {"AWS": "arn:aws:iam::1:root"}}, id="an-account"),
        pytest.param({"Action": "lambda:GetFunction"}, id="another-action"),
        pytest.param({"Resource": f"{_FUNCTION}-2"}, id="another-function"),
        pytest.param({"Condition": {"StringEquals": {"AWS:SourceAccount": "1"}}}, id="another-account"),
        pytest.param(
            {"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::other"}}}, id="another-bucket"
        ),
    ],
)
def test_a_policy_does_not_let_s3_invoke(change: dict[str, Any]) -> None:
    assert not lets_s3_invoke({"Statement": [_ALLOWED | change]}, _FUNCTION, "photos")


def test_a_policy_without_statements_lets_nobody_invoke() -> None:
    assert not lets_s3_invoke({}, _FUNCTION, "photos")


def test_a_deny_beside_the_permission_is_the_cause() -> None:
    denied = {"Statement": [_ALLOWED, _ALLOWED | {"Effect": "Deny", "Condition": {}}]}
    evidence = replace(_NOTHING, may_invoke=lets_s3_invoke(denied, _FUNCTION, "photos"))

    assert decide(evidence) == (
        Cause.NO_PERMISSION,
        "the function's policy does not let S3 invoke it for this bucket",
    )
