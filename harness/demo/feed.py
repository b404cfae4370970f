"""Sends every open page what has changed, as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from typing import Any

from harness.cdn.edge import Edge


class Feed:
    """Takes events from any thread, and hands them to the pages of one event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[asyncio.Queue[bytes | None], asyncio.AbstractEventLoop] = {}

    def publish(self, name: str, data: dict[str, Any]) -> None:
        """Send an event to all open pages, if there are any."""
        self._put(encode(name, data))

    def close(self) -> None:
        """End the events of all pages."""
        self._put(None)

    @contextlib.contextmanager
    def page(self) -> Iterator[AsyncIterator[bytes]]:
        """Yield the events that are published from now on for one page, until the feed is closed."""
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


class EdgeFacts:
    """What the pages show of the edge as a whole: the requests that it got and made, and its clock."""

    def __init__(self, edge: Edge, feed: Feed) -> None:
        self._edge = edge
        self._feed = feed
        self._lock = threading.Lock()
        self._ahead_seconds = 0

    def publish(self) -> None:
        """Send the pages how things stand now."""
        self._feed.publish("edge", self.to_json())

    def advance(self, seconds: int) -> None:
        """Let time pass at the edge."""
        with self._lock:
            self._edge.clock.advance(seconds)
            self._ahead_seconds += seconds
        self.publish()

    def to_json(self) -> dict[str, Any]:
        """Return what the page shows, freshly asked of the edge."""
        return {
            "counts": asdict(self._edge.counts()),
            "invalidated_paths": self._edge.counts().invalidated_paths,
            "ahead_seconds": self._ahead_seconds,
        }


def encode(name: str, data: dict[str, Any]) -> bytes:
    """Write one event; JSON has no line ends of its own."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def _until_closed(queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
    while (event := await queue.get()) is not None:
        yield event
