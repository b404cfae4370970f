"""The HTTP server on loopback by which runtimes ask for events, and an emulator asks for invocations."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Call:
    """One HTTP request."""

    method: str
    path: str
    headers: Message[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer to a call."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class LoopbackServer(ThreadingHTTPServer):
    """Serves a free port of loopback from a thread, one more thread for each connection.

    `reply` answers each call; without an answer (None) the connection is closed.
    """

    # A runtime's waiting call must not keep the rig from ending.
    daemon_threads = True
    block_on_close = False
    # A burst of uploads connects all at once.
    request_queue_size = 256

    def __init__(self, reply: Callable[[Call], Reply | None]) -> None:
        self.reply = reply
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Begin to serve."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Take no more connections."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  as in the base class
        """Stay quiet about a peer that is gone: its end is reported where it is known."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: LoopbackServer
    # A runtime keeps its connection.
    protocol_version = "HTTP/1.1"
    # Without it Nagle's algorithm and delayed acknowledgements add 40 ms to an answer in two writes.
    disable_nagle_algorithm: ClassVar[bool] = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = Call(method=self.command, path=self.path, headers=self.headers, body=body)
        reply = self.server.reply(call)
        if reply is None:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()
