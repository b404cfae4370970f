"""Waits for what becomes of a new photo: a picture in the bucket or at the edge, a refusal, or neither."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from harness.observe.diagnosis import Cause, Diagnosis, diagnose
from harness.observe.outcome import refusals
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.application.application import Application, Thumbnail, Upload
    from harness.demo.card import Look
    from harness.deployment import Deployment
    from harness.observe.outcome import Refusal

# "gone": nobody wants to know any more. "seen": the edge has sent a picture. "late": the time is up.
Outcome: TypeAlias = Literal["gone", "seen", "late"]
# How a wait ends that gives no picture of the bucket's.
End: TypeAlias = "Refusal | Diagnosis | Outcome"

# Retries included; on a local target they are over in seconds.
TIMEOUT_SECONDS: Final = 30.0

_BUCKET_BACKOFF: Final = Backoff(first_seconds=0.003, factor=1.1, most_seconds=0.2)
# As a page asks that knows no better.
_EDGE_BACKOFF: Final = Backoff(first_seconds=1.0, factor=1.0, most_seconds=1.0)
# What no further wait would change.
_FINAL: Final = frozenset({Cause.FILTER, Cause.SKIPPED, Cause.NO_PERMISSION, Cause.GIVEN_UP})
_DIAGNOSIS_SECONDS: Final = 2.0
# A look at the log takes longer than one at the bucket, and would blur the moment.
_LOOKS_BETWEEN_LOG: Final = 5


class Expectation:
    """One photo that is waited for; `is_wanted` says whether anybody still does."""

    def __init__(
        self,
        application: Application,
        deployment: Deployment,
        upload: Upload,
        *,
        is_wanted: Callable[[], bool],
    ) -> None:
        self.upload = upload
        self.is_wanted = is_wanted
        self.found: Thumbnail | None = None
        self.missed_seconds: float | None = None
        self._application = application
        self._diagnosed = upload.started_seconds
        self._deployment = deployment

    def at_the_bucket(self) -> Thumbnail | End:
        """Ask the bucket until there is something to tell."""
        try:
            return wait_for(_AtTheBucket(self), timeout_seconds=TIMEOUT_SECONDS, backoff=_BUCKET_BACKOFF)
        except TimedOutError:
            return "late"

    def at_the_edge(self, look: Callable[[], Look]) -> End:
        """Ask the edge until there is something to tell."""
        try:
            return wait_for(_AtTheEdge(self, look), timeout_seconds=TIMEOUT_SECONDS, backoff=_EDGE_BACKOFF)
        except TimedOutError:
            return "late"

    def thumbnail(self) -> Thumbnail | None:
        """Look into the bucket until it was found there, and note when that was in vain."""
        asked = time.monotonic()
        self.found = self.found or self._application.find(self.upload)
        if self.found is None:
            self.missed_seconds = asked - self.upload.started_seconds
        return self.found

    def end(self) -> Refusal | Diagnosis | None:
        """Look into the function's log, and now and then at all else that may have stopped the photo."""
        if refusal := next(iter(refusals(self._deployment, self.upload)), None):
            return refusal
        if time.monotonic() < self._diagnosed + _DIAGNOSIS_SECONDS:
            return None
        self._diagnosed = time.monotonic()
        found = self.diagnosis()
        return found if found.cause in _FINAL else None

    def diagnosis(self) -> Diagnosis:
        """Say what has become of the photo so far."""
        since = self.upload.started_epoch_seconds
        return diagnose(self._deployment, self.upload.key, since_epoch_seconds=since)


class _AtTheBucket:
    def __init__(self, expected: Expectation) -> None:
        self._expected = expected
        self._looks = 0

    def check(self) -> Thumbnail | End | None:
        if not self._expected.is_wanted():
            return "gone"
        if found := self._expected.thumbnail():
            return found
        self._looks += 1
        return None if self._looks % _LOOKS_BETWEEN_LOG else self._expected.end()

    def describe(self) -> str:
        return f"expected {self._expected.upload.thumbnail_key} in the bucket, or a refusal"


@dataclass(frozen=True)
class _AtTheEdge:
    expected: Expectation
    look: Callable[[], Look]

    def check(self) -> End | None:
        if not self.expected.is_wanted():
            return "gone"
        return "seen" if self.look().shows_picture else self.expected.end()

    def describe(self) -> str:
        return f"expected {self.expected.upload.thumbnail_key} at the edge, or a refusal"
