"""Tells every open page what has changed, as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Feed:
    """Takes events from any thread, and gives them to the pages of one event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[asyncio.Queue[bytes | None], asyncio.AbstractEventLoop] = {}

    def publish(self, name: str, data: dict[str, Any]) -> None:
        """Tell all pages; without one nothing happens."""
        self._put(encode(name, data))

    def close(self) -> None:
        """End the events of all pages."""
        self._put(None)

    @contextlib.contextmanager
    def page(self) -> Iterator[AsyncIterator[bytes]]:
        """Give one page the events that are published from now on, until the feed is closed."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        with self._lock:
            self._pages[queue] = asyncio.get_running_loop()
        try:
            yield _until_closed(queue)
        finally:
            with self._lock:
                del self._pages[queue]

    def _put(self, event: bytes | None) -> None:
        with self._lock:
            for queue, loop in self._pages.items():
                loop.call_soon_threadsafe(queue.put_nowait, event)


def encode(name: str, data: dict[str, Any]) -> bytes:
    """Write one event; JSON has no line ends of its own."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def _until_closed(queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
    while (event := await queue.get()) is not None:
        yield event
