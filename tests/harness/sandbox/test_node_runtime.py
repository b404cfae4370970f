from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from harness.package.host_node import NoNodeError, host_node
from harness.sandbox.invocation import InvocationStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.sandbox.environment import Environment
    from tests.harness.sandbox.conftest import Log, StartFunction

    Start = Callable[..., Environment]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on PATH"),
]

_HANDLER = """
console.log("initialised");

export const handler = async (event, context) => {
  if (event.say) console.log(event.say);
  if (event.write) process.stdout.write(event.write + "\\n");
  if (event.throw) throw new TypeError(event.throw);
  if (event.throwText) throw event.throwText;
  if (event.exit) process.exit(event.exit);
  if (event.sleep) await new Promise((resolve) => setTimeout(resolve, event.sleep));
  if (event.uncaught) setImmediate(() => { throw new RangeError("too late"); });
  if (event.unhandled) Promise.reject(new Error("nobody cares"));
  if (event.forget || event.uncaught || event.unhandled) await new Promise(() => {});
  if (event.unspeakable) return 1n;
  if (event.nothing) return undefined;
  return {
    process: process.pid,
    environment: process.env,
    remainingMs: context.getRemainingTimeInMillis(),
    context: { ...context },
  };
};
"""


@pytest.fixture
def start(start_function: StartFunction) -> Start:
    """Starts environments for a handler's source."""

    def start_node(
        source: str = _HANDLER, *, file: str = "index.mjs", handler: str = "index.handler", **settings: int
    ) -> Environment:
        return start_function(source, runtime="nodejs20.x", file=file, handler=handler, **settings)

    return start_node


def _invoke(environment: Environment, request_id: str = "1", **event: object) -> tuple[InvocationStatus, Any]:
    invocation = environment.invoke(json.dumps(event).encode(), request_id=request_id)
    return invocation.status, json.loads(invocation.payload)


def test_the_context_is_as_on_lambda(start: Start) -> None:
    environment = start()

    status, answer = _invoke(environment, "the-request")

    assert status is InvocationStatus.SUCCESS
    assert 4_000 < answer["remainingMs"] <= 5_000
    assert answer["context"] == {
        "awsRequestId": "the-request",
        "callbackWaitsForEmptyEventLoop": True,
        "functionName": "thumbs",
        "functionVersion": "$LATEST",
        "invokedFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:thumbs",
        "logGroupName": "/aws/lambda/thumbs",
        "logStreamName": environment.log_stream,
        "memoryLimitInMB": "512",
    }


def test_the_environment_variables_are_lambda_s_and_the_function_s_only(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--title=the-developer-s")

    _, answer = _invoke(start())

    assert answer["environment"]["BUCKET_NAME"] == "photos"
    assert answer["environment"]["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs20.x"
    assert not answer["environment"].keys() & {"HOME", "NODE_OPTIONS", "PYTHONPATH"}


def test_one_process_serves_one_event_after_the_other(start: Start) -> None:
    environment = start()

    (_, first), (_, second) = _invoke(environment, "1"), _invoke(environment, "2")

    assert first["process"] == second["process"]
    assert second["context"]["awsRequestId"] == "2"


@pytest.mark.parametrize(
    ("file", "source"),
    [
        pytest.param("index.mjs", "export const handler = async () => 7;", id="ES module"),
        pytest.param("index.cjs", "exports.handler = async () => 7;", id="CommonJS"),
        pytest.param("index.js", "module.exports.handler = async () => 7;", id="js is CommonJS"),
    ],
)
def test_both_kinds_of_modules_are_loaded(start: Start, file: str, source: str) -> None:
    assert _invoke(start(source, file=file)) == (InvocationStatus.SUCCESS, 7)


def test_package_json_makes_js_an_es_module(start: Start, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"type": "module"}')

    environment = start("export const handler = async () => 7;", file="index.js")

    assert _invoke(environment) == (InvocationStatus.SUCCESS, 7)


def test_a_handler_may_lie_in_a_folder_and_in_an_object(start: Start) -> None:
    source = "export const on = { created: async () => 7 };"

    environment = start(source, file="src/app.mjs", handler="src/app.on.created")

    assert _invoke(environment) == (InvocationStatus.SUCCESS, 7)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("callback(null, 7)", (InvocationStatus.SUCCESS, 7), id="result"),
        pytest.param("setTimeout(() => callback(null, 7), 5)", (InvocationStatus.SUCCESS, 7), id="later"),
        pytest.param("undefined", (InvocationStatus.SUCCESS, None), id="neither callback nor promise"),
    ],
)
def test_a_handler_may_call_back(start: Start, body: str, expected: object) -> None:
    environment = start(f"export const handler = (event, context, callback) => {{ {body}; }};")

    assert _invoke(environment) == expected
    assert _invoke(environment) == expected


def test_a_callback_waits_until_all_that_was_begun_is_done(start: Start, log: Log) -> None:
    source = """export const handler = (event, context, callback) => {
        context.callbackWaitsForEmptyEventLoop = event.wait;
        setTimeout(() => console.log("the rest is done"), 300);
        callback(null, 7);
    };"""

    assert _invoke(start(source), wait=False) == (InvocationStatus.SUCCESS, 7)
    assert not [line for line in log.lines if "the rest is done" in line]
    assert _invoke(start(source), wait=True) == (InvocationStatus.SUCCESS, 7)
    assert [line for line in log.lines if "the rest is done" in line]


def test_an_error_handed_to_the_callback_is_the_answer(start: Start) -> None:
    status, answer = _invoke(
        start('exports.handler = (e, c, back) => back(new Error("no"));', file="index.js")
    )

    assert status is InvocationStatus.FUNCTION_ERROR
    assert (answer["errorType"], answer["errorMessage"]) == ("Error", "no")


def test_an_exception_is_the_answer_and_the_environment_goes_on(start: Start) -> None:
    environment = start()

    status, answer = _invoke(environment, throw="no such thing")

    assert status is InvocationStatus.FUNCTION_ERROR
    assert (answer["errorType"], answer["errorMessage"]) == ("TypeError", "no such thing")
    assert answer["trace"][0] == "TypeError: no such thing"
    assert environment.usable
    assert _invoke(environment)[0] is InvocationStatus.SUCCESS


def test_a_thrown_text_is_described_by_its_type(start: Start) -> None:
    status, answer = _invoke(start(), throwText="plainly wrong")

    assert status is InvocationStatus.FUNCTION_ERROR
    assert answer == {"errorType": "string", "errorMessage": "plainly wrong", "trace": []}


def test_an_answer_that_is_no_json_is_an_error(start: Start) -> None:
    status, answer = _invoke(start(), unspeakable=True)

    assert status is InvocationStatus.FUNCTION_ERROR
    assert "Unable to stringify response body" in answer["errorMessage"]


@pytest.mark.parametrize("event", [{"nothing": True}, {"forget": True}], ids=["undefined", "never settled"])
def test_no_answer_is_null(start: Start, event: dict[str, Any]) -> None:
    assert _invoke(start(), **event) == (InvocationStatus.SUCCESS, None)


@pytest.mark.parametrize(
    ("event", "error_type", "message"),
    [
        pytest.param({"uncaught": True}, "RangeError", "too late", id="exception"),
        pytest.param(
            {"unhandled": True}, "Runtime.UnhandledPromiseRejection", "Error: nobody cares", id="rejection"
        ),
    ],
)
def test_what_nobody_caught_is_the_answer_and_ends_the_runtime(
    start: Start, event: dict[str, Any], error_type: str, message: str
) -> None:
    environment = start()

    status, answer = _invoke(environment, **event)

    assert status is InvocationStatus.FUNCTION_ERROR
    assert (answer["errorType"], answer["errorMessage"]) == (error_type, message)
    assert not environment.usable


def test_a_runtime_that_ends_is_reported_in_lambda_s_words(start: Start) -> None:
    environment = start()

    status, answer = _invoke(environment, exit=3)

    assert status is InvocationStatus.EXITED
    assert answer["errorMessage"] == "RequestId: 1 Error: Runtime exited with error: exit status 3"
    assert not environment.usable


def test_the_time_limit_is_enforced(start: Start) -> None:
    environment = start(timeout_seconds=1)

    assert _invoke(environment, sleep=60_000)[0] is InvocationStatus.TIMED_OUT
    assert not environment.usable


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        pytest.param(
            "throw new Error('SOURCE_PREFIX is missing')",
            "index.handler",
            "Error",
            "SOURCE_PREFIX is missing",
            id="throws",
        ),
        pytest.param(
            "import 'sharp';",
            "index.handler",
            "Runtime.ImportModuleError",
            "Cannot find package 'sharp'",
            id="import",
        ),
        pytest.param(
            "export const = 1", "index.handler", "Runtime.UserCodeSyntaxError", "SyntaxError", id="syntax"
        ),
        pytest.param(
            "export const other = 1", "index.handler", "Runtime.HandlerNotFound", "not exported", id="name"
        ),
        pytest.param("", "main.handler", "Runtime.ImportModuleError", "Cannot find module 'main'", id="file"),
        pytest.param("", "handler", "Runtime.MalformedHandlerName", "Bad handler", id="malformed"),
    ],
)
def test_a_failed_initialisation_answers_the_invocation(
    start: Start, source: str, handler: str, error_type: str, message: str
) -> None:
    environment = start(source, handler=handler)

    status, answer = _invoke(environment)

    assert status is InvocationStatus.INIT_ERROR
    assert answer["errorType"] == error_type
    assert message in answer["errorMessage"]
    assert not environment.usable


def test_what_is_written_comes_as_it_is_and_the_console_s_lines_with_lambda_s_prefix(
    start: Start, log: Log
) -> None:
    environment = start()

    _invoke(environment, "r1", say="two\nlines", write='{"level": "info"}')

    assert log.lines[0].endswith("Z\tundefined\tINFO\tinitialised")
    assert log.lines[1] == "START RequestId: r1 Version: $LATEST"
    assert log.lines[2].endswith("Z\tr1\tINFO\ttwo\nlines")
    assert log.lines[3] == '{"level": "info"}'
    assert log.lines[4] == "END RequestId: r1"


def test_a_machine_without_node_gets_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    host_node.cache_clear()

    with pytest.raises(NoNodeError, match="'node': expected it on PATH, found none") as missing:
        host_node()

    assert "\n" not in str(missing.value)
