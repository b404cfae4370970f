"""aiohttp's server, with an end to its patience: half a request is refused after a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web, web_protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

# Beyond what a request may have, so that the edge itself refuses it with its own page.
_MOST_LINE_BYTES: Final = 64 * 1024
_MOST_HEADERS: Final = 1_000
_IDLE_SECONDS: Final = 60.0
_TOO_SLOW: Final = (
    b"HTTP/1.1 408 Request Timeout\r\nServer: CloudFront\r\nX-Cache: Error from cloudfront\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class Listener(web.Server):
    """A server whose connections wait `head_seconds` for the rest of a request that has begun."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        head_seconds: float,
    ) -> None:
        super().__init__(
            handler,
            access_log=None,
            keepalive_timeout=_IDLE_SECONDS,
            lingering_time=1.0,
            max_line_size=_MOST_LINE_BYTES,
            max_field_size=_MOST_LINE_BYTES,
            max_headers=_MOST_HEADERS,
        )
        self.head_seconds = head_seconds

    def __call__(self) -> web_protocol.RequestHandler:
        """Make the protocol of a new connection."""
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web_protocol.RequestHandler):
    """One connection, with a deadline for the head of the request that has begun to arrive."""

    __slots__ = ("_head_seconds", "_limit")

    def __init__(self, server: Listener, **settings: Any) -> None:  # noqa: ANN401  aiohttp's own
        super().__init__(server, **settings)
        self._head_seconds = server.head_seconds
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        waiting = self._limit is None
        super().data_received(data)
        if self._messages or self._current_request is not None:
            self._relax()
        elif waiting:
            self._expect()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._relax()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._limit = self._loop.call_later(self._head_seconds, self._give_up)

    def _relax(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _give_up(self) -> None:
        self._limit = None
        if self.transport is not None:
            self.transport.write(_TOO_SLOW)
            self.close()
            self.transport.close()
