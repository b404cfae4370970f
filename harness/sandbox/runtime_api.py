"""Lambda's Runtime API on loopback, for the runtime of one execution environment.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from harness.sandbox.loopback import LoopbackHandler, LoopbackServer

if TYPE_CHECKING:
    from types import TracebackType

    from harness.sandbox.invocation import Request

_PREFIX = "/2018-06-01/runtime/"


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The runtime asks for its next event: it has initialised, or is done with the last one."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """The function returned."""

    request_id: str
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The function raised; without a request id it failed to initialise."""

    request_id: str | None
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class Exited:
    """The runtime process is gone; a negative code is the number of the signal that ended it."""

    exit_code: int


Message = Ready | Response | Failure | Exited


class RuntimeApi:
    """The server; what the runtime says arrives in `messages`, what it shall do is put with `send`."""

    def __init__(self, function_arn: str) -> None:
        self.messages: queue.Queue[Message] = queue.Queue()
        self._function_arn = function_arn
        self._requests: queue.Queue[Request | None] = queue.Queue()
        self._server = _Server(_Handler)
        self._server.api = self

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API: host and port."""
        return self._server.address

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._requests.put(None)
        self._server.stop()

    def send(self, request: Request) -> None:
        """Have the runtime's next (or waiting) call for an event answered with this one."""
        self._requests.put(request)

    def next_request(self) -> Request | None:
        """Block until there is an event; None when the environment is being stopped."""
        self.messages.put(Ready())
        return self._requests.get()

    def headers(self, request: Request) -> dict[str, str]:
        """Build the headers that carry an invocation's context."""
        return {
            "Lambda-Runtime-Aws-Request-Id": request.request_id,
            "Lambda-Runtime-Deadline-Ms": str(request.deadline_epoch_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self._function_arn,
        }


class _Server(LoopbackServer):
    api: RuntimeApi


class _Handler(LoopbackHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802  named by http.server
        if self.path != f"{_PREFIX}invocation/next":
            self.answer(404)
            return
        request = self.server.api.next_request()
        if request is None:
            self.close_connection = True
            return
        self.answer(200, request.event, self.server.api.headers(request))

    def do_POST(self) -> None:  # noqa: N802  named by http.server
        message = self._message(self.body())
        if message is None:
            self.answer(404)
            return
        self.server.api.messages.put(message)
        self.answer(202, b'{"status":"OK"}')

    def _message(self, payload: bytes) -> Message | None:
        match self.path.removeprefix(_PREFIX).split("/"):
            case ["init", "error"]:
                return Failure(request_id=None, payload=payload)
            case ["invocation", request_id, "response"]:
                return Response(request_id=request_id, payload=payload)
            case ["invocation", request_id, "error"]:
                return Failure(request_id=request_id, payload=payload)
        return None
