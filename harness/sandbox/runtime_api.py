"""Lambda's Runtime API on loopback, for the runtime of one execution environment.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import Final, Self

from harness.sandbox.loopback import Call, LoopbackServer, Reply

_PREFIX: Final = "/2018-06-01/runtime/"


@dataclass(frozen=True, kw_only=True)
class RuntimeReady:
    """The runtime asks for its next event: it has initialised, or is done with the last one."""


@dataclass(frozen=True, kw_only=True)
class FunctionReturned:
    """The function returned."""

    request_id: str
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class FunctionFailed:
    """The function raised; without a request id it failed to initialise."""

    request_id: str | None
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class RuntimeExited:
    """The runtime process is gone; a negative code is the number of the signal that ended it."""

    exit_code: int


RuntimeMessage = RuntimeReady | FunctionReturned | FunctionFailed | RuntimeExited


class RuntimeApi:
    """The server: `messages` has what the runtime reports, `send` gives it an event."""

    def __init__(self, function_arn: str) -> None:
        self.messages: queue.Queue[RuntimeMessage] = queue.Queue()
        self._function_arn = function_arn
        self._events: queue.Queue[Reply | None] = queue.Queue()
        self._server = LoopbackServer(self._reply)

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API: host and port."""
        return self._server.address

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A runtime that waits for an event gets no answer.
        self._events.put(None)
        self._server.stop()

    def send(self, event: bytes, *, request_id: str, deadline_epoch_ms: int) -> None:
        """Answer the runtime's next (or waiting) call for an event; `context` counts down to the deadline."""
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline_epoch_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self._function_arn,
        }
        self._events.put(Reply(status=200, body=event, headers=headers))

    def _reply(self, call: Call) -> Reply | None:
        if call.method == "GET":
            if call.path != f"{_PREFIX}invocation/next":
                return Reply(status=404)
            self.messages.put(RuntimeReady())
            return self._events.get()
        message = _message(call)
        if message is None:
            return Reply(status=404)
        self.messages.put(message)
        return Reply(status=202, body=b'{"status":"OK"}')


def _message(call: Call) -> FunctionReturned | FunctionFailed | None:
    match call.path.removeprefix(_PREFIX).split("/"):
        case ["init", "error"]:
            return FunctionFailed(request_id=None, payload=call.body)
        case ["invocation", request_id, "response"]:
            return FunctionReturned(request_id=request_id, payload=call.body)
        case ["invocation", request_id, "error"]:
            return FunctionFailed(request_id=request_id, payload=call.body)
    return None
