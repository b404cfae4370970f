"""What the page shows of the edge as a whole: what it was asked, what it asked, and its clock."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.cdn.edge import Edge
    from harness.demo.feed import Feed


class EdgeFacts:
    """Tells the pages what has changed at the edge."""

    def __init__(self, edge: Edge, feed: Feed) -> None:
        self._edge = edge
        self._feed = feed
        self._lock = threading.Lock()
        self._ahead_seconds = 0

    def publish(self) -> None:
        """Tell how things stand now."""
        self._feed.publish("edge", self.to_json())

    def advance(self, seconds: int) -> None:
        """Let time pass at the edge."""
        with self._lock:
            self._edge.clock.advance(seconds)
            self._ahead_seconds += seconds
        self.publish()

    def to_json(self) -> dict[str, Any]:
        """Ask the edge."""
        return {
            "counts": asdict(self._edge.counts()),
            "invalidated_paths": self._edge.counts().invalidated_paths,
            "ahead_seconds": self._ahead_seconds,
        }
