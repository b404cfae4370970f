"""Looks again and again at what no counter keeps."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Sampler:
    """Calls `look` every few milliseconds from a thread, while it is on; keeps the highest answer."""

    def __init__(self, look: Callable[[], int], *, interval_seconds: float) -> None:
        self._look = look
        self._interval_seconds = interval_seconds
        self._highest = 0
        self._lock = threading.Lock()
        self._on = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Look from now on; what was seen before does not count."""
        with self._lock:
            self._highest = 0
        self._take()
        self._on.set()

    def end(self) -> int:
        """Look once more, then rest; gives the highest since `begin`."""
        self._on.clear()
        self._take()
        return self._highest

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._on.set()
        self._thread.join()

    def _run(self) -> None:
        while self._on.wait() and not self._closed.wait(self._interval_seconds):
            if self._on.is_set():
                self._take()

    def _take(self) -> None:
        # Under the lock, so that an old look is not counted to what begins meanwhile.
        with self._lock:
            self._highest = max(self._highest, self._look())
