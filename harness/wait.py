"""The one place that waits: until a look finds something, with backoff, never for a fixed time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import ThumbrigError

T = TypeVar("T")


class TimedOutError(ThumbrigError):
    """Raised when nothing was found in time; says what was expected, or what the last look found."""

    def __init__(self, timeout_seconds: float, state: str) -> None:
        super().__init__(f"after {timeout_seconds:g} s: {state}")


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Growing pauses between looks: short at first, because most things are ready soon.

    Each pause is shortened at random, by up to the part `jitter`: waits that began together spread out.
    """

    first_seconds: float = 0.01
    factor: float = 1.25
    most_seconds: float = 0.25
    jitter: float = 0.0

    def pauses(self) -> Iterator[float]:
        """Yield the pauses, without end."""
        pause = self.first_seconds
        while True:
            yield pause * (1 - self.jitter * random.random())  # noqa: S311  chance, not a secret
            pause = min(pause * self.factor, self.most_seconds)


def wait_for(
    look: Callable[[], T | None],
    expected: str | Callable[[], str],
    *,
    timeout_seconds: float,
    backoff: Backoff | None = None,
) -> T:
    """Look until there is something, and return that.

    `look` returns None while there is nothing. Once the time is up, TimedOutError is raised with the text
    `expected`, or with what `expected` returns. The last look is at or after the time-out, so a slow look
    cannot hide that the thing is there.
    """
    deadline = time.monotonic() + timeout_seconds
    for pause in (backoff or Backoff()).pauses():
        late = time.monotonic() >= deadline
        if (found := look()) is not None:
            return found
        if late:
            raise TimedOutError(timeout_seconds, expected if isinstance(expected, str) else expected())
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
    raise AssertionError("pauses never end")
