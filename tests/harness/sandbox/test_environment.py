from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from harness.sandbox.invocation import InvocationStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.sandbox.environment import Environment
    from tests.harness.sandbox.conftest import Log, StartFunction

    Start = Callable[..., Environment]

pytestmark = pytest.mark.integration

_HANDLER = """
import json, os, sys, time

print("initialised")

def handle(event, context):
    if "say" in event:
        print(event["say"])
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if "signal" in event:
        os.kill(os.getpid(), event["signal"])
    if "sleep" in event:
        time.sleep(event["sleep"])
    return {
        "process": os.getpid(),
        "environment": dict(os.environ),
        "request_id": context.aws_request_id,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "function": context.function_name,
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
        "path": sys.path,
    }
"""


@pytest.fixture
def start(start_function: StartFunction) -> Start:
    """Starts environments for a handler's source."""

    def start_python(source: str = _HANDLER, **settings: int) -> Environment:
        return start_function(
            source, runtime="python3.11", file="index.py", handler="index.handle", **settings
        )

    return start_python


def _invoke(environment: Environment, request_id: str = "1", **event: object) -> tuple[InvocationStatus, Any]:
    invocation = environment.invoke(json.dumps(event).encode(), request_id=request_id)
    return invocation.status, json.loads(invocation.payload)


def test_the_context_is_as_on_lambda(start: Start) -> None:
    status, answer = _invoke(start(), "the-request")

    assert status is InvocationStatus.SUCCESS
    assert answer["request_id"] == "the-request"
    assert 4_000 < answer["remaining_ms"] <= 5_000
    assert (answer["function"], int(answer["memory"])) == ("thumbs", 512)
    assert answer["arn"].endswith(":function:thumbs")


def test_the_environment_variables_are_lambda_s_and_the_function_s_only(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMETHING_OF_THE_DEVELOPER", "1")

    _, answer = _invoke(start())

    variables = answer["environment"]
    assert variables["BUCKET_NAME"] == "photos"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert variables["AWS_SESSION_TOKEN"] == "c"  # noqa: S105  made up
    assert "SOMETHING_OF_THE_DEVELOPER" not in variables
    assert "HOME" not in variables


def test_a_function_sees_its_package_and_the_runtime_but_not_the_rig_s_libraries(start: Start) -> None:
    _, answer = _invoke(start())

    assert not [folder for folder in answer["path"] if "site-packages" in folder]


def test_one_process_serves_one_event_after_the_other(start: Start) -> None:
    environment = start()

    (_, first), (_, second) = _invoke(environment, "1"), _invoke(environment, "2")

    assert first["process"] == second["process"]
    assert (first["request_id"], second["request_id"]) == ("1", "2")


def test_only_the_first_invocation_reports_the_initialisation(start: Start) -> None:
    environment = start()

    first, second = (environment.invoke(b"{}", request_id=number) for number in "12")

    assert first.init_seconds is not None
    assert second.init_seconds is None


def test_an_exception_is_the_answer_and_the_environment_goes_on(start: Start) -> None:
    environment = start()

    status, answer = _invoke(environment, **{"raise": "no such thing"})

    assert status is InvocationStatus.FUNCTION_ERROR
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "no such thing")
    assert environment.usable
    assert _invoke(environment)[0] is InvocationStatus.SUCCESS


@pytest.mark.parametrize(
    ("event", "how"),
    [
        pytest.param({"exit": 3}, "exit status 3", id="exit"),
        pytest.param({"signal": 9}, "signal: killed", id="killed"),
        pytest.param({"signal": 11}, "signal: segmentation fault", id="segmentation-fault"),
    ],
)
def test_a_runtime_that_ends_is_reported_in_lambda_s_words(
    start: Start, event: dict[str, int], how: str
) -> None:
    environment = start()

    status, answer = _invoke(environment, "the-request", **event)

    assert status is InvocationStatus.EXITED
    assert answer == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: the-request Error: Runtime exited with error: {how}",
    }
    assert not environment.usable


def test_the_time_limit_is_enforced(start: Start) -> None:
    environment = start(timeout_seconds=1)

    status, answer = _invoke(environment, sleep=60)

    assert status is InvocationStatus.TIMED_OUT
    assert answer["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert not environment.usable


def test_a_failed_initialisation_answers_each_invocation(start: Start) -> None:
    environment = start("raise RuntimeError('SOURCE_PREFIX is missing')")

    status, answer = _invoke(environment)

    assert status is InvocationStatus.INIT_ERROR
    assert answer["errorMessage"] == "SOURCE_PREFIX is missing"
    assert not environment.usable


def test_the_log_has_the_lines_of_an_invocation_between_start_and_end(start: Start, log: Log) -> None:
    environment = start()

    for number in range(3):
        _invoke(environment, f"r{number}", say=f"line {number}")

    assert log.lines[0] == "initialised"
    for number in range(3):
        start_line, said, end_line, report = log.lines[1 + 4 * number : 5 + 4 * number]
        assert start_line == f"START RequestId: r{number} Version: $LATEST"
        assert said == f"line {number}"
        assert end_line == f"END RequestId: r{number}"
        assert report.startswith(f"REPORT RequestId: r{number}\tDuration: ")


def test_stopping_in_the_middle_of_an_invocation_ends_the_process(start: Start) -> None:
    environment = start()
    _, answer = _invoke(environment)

    environment.stop()
    environment.stop()

    with pytest.raises(ProcessLookupError):
        os.kill(answer["process"], 0)
