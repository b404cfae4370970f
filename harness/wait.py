"""The one place that waits: for a condition, with backoff, never for a fixed time."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Iterator

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Condition(Protocol[T_co]):
    """Something that is waited for."""

    def check(self) -> T_co | None:
        """Look once; return the awaited thing, or None while it is not there."""

    def describe(self) -> str:
        """Say what was expected and what the last look found, for the text of a time-out."""


class TimedOutError(ThumbrigError):
    """Raised when a condition did not come true in time; says what was seen last."""

    def __init__(self, timeout_seconds: float, state: str) -> None:
        super().__init__(f"after {timeout_seconds:g} s: {state}")


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Growing pauses between looks: quick at first, when most things are ready.

    Of each pause the part `jitter` is left to chance, so that many who began together do not look together.
    """

    first_seconds: float = 0.01
    factor: float = 1.25
    most_seconds: float = 0.25
    jitter: float = 0.0

    def pauses(self) -> Iterator[float]:
        """Yield the pauses one after the other, without end."""
        pause = self.first_seconds
        while True:
            yield pause * (1 - self.jitter * random.random())  # noqa: S311  chance, not a secret
            pause = min(pause * self.factor, self.most_seconds)


def wait_for(condition: Condition[T], *, timeout_seconds: float, backoff: Backoff | None = None) -> T:
    """Look until the condition gives something, and return that.

    Raises TimedOutError with the condition's own description. The last look is at or after the time-out, so a
    slow look cannot hide that the thing is there.
    """
    deadline = time.monotonic() + timeout_seconds
    for pause in (backoff or Backoff()).pauses():
        late = time.monotonic() >= deadline
        if (found := condition.check()) is not None:
            return found
        if late:
            raise TimedOutError(timeout_seconds, condition.describe())
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
    raise AssertionError("pauses never end")
