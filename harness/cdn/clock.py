"""The edge's time, which tests can move on."""

from __future__ import annotations

import time


class Clock:
    """Goes with the machine's monotonic time, and ahead of it by what it was advanced."""

    def __init__(self) -> None:
        self._started = time.time() - time.monotonic()

    def now(self) -> float:
        """Give the time in seconds since the epoch."""
        return self._started + time.monotonic()

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self._started += seconds
