"""What happened to one upload, and when: from the start of its PUT to its thumbnail at the edge.

Every step says whose clock it was read from, and how finely. The application's clock counts from the start of
the upload. The function's log and the bucket have clocks of their own: on this machine the same one, on AWS
others, which may differ by some milliseconds. What cannot be observed is listed with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from harness.application import Thumbnail, Upload
from harness.observe.log import Attempt, FunctionLog, attempts_at

FORMAT_VERSION: Final = 1

APPLICATION: Final = "application"
EVENT: Final = "S3, event time"
FUNCTION: Final = "function log"
BUCKET: Final = "S3, Last-Modified"

SEEN_IN_BUCKET: Final = "seen in the bucket"
SEEN_AT_EDGE: Final = "seen at the edge"

# A function's own steps are the fields of its line that end so; "upload" is taken here, by the person's.
_SUFFIX: Final = "_ms"
_STEP_NAMES: Final = {"upload": "store"}
_FUNCTION_STEPS: Final = ("event", "waiting", "environment", "invocation")
_EVENT_PRECISION_MS: Final = 1.0
_LAST_MODIFIED_PRECISION_MS: Final = 1000.0


@dataclass(frozen=True, kw_only=True)
class EdgeRequest:
    """One request for the thumbnail at the edge; `cache` is what X-Cache said."""

    at_ms: float
    took_ms: float
    status: int
    cache: str
    correct: bool


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stretch of time, or a moment where start and end are the same; without times, `note` says why.

    Milliseconds since the upload began. The true time lies within `precision_ms` of each.
    """

    name: str
    clock: str
    start_ms: float | None = None
    end_ms: float | None = None
    precision_ms: float | None = None
    note: str = ""

    @property
    def took_ms(self) -> float | None:
        """How long it took."""
        return None if self.start_ms is None or self.end_ms is None else self.end_ms - self.start_ms


@dataclass(frozen=True, kw_only=True)
class Observed:
    """All that was seen of one upload; `missed_seconds` is the last look that found no thumbnail yet.

    `why_missing` is there when nothing arrived.
    """

    upload: Upload
    thumbnail: Thumbnail | None
    missed_seconds: float | None
    log: FunctionLog
    looks: tuple[EdgeRequest, ...] = ()
    why_missing: str | None = None

    def since_ms(self, epoch_seconds: float) -> float:
        """Return a moment on another clock in milliseconds since the upload began."""
        return (epoch_seconds - self.upload.started_epoch_seconds) * 1000

    def fields(self, attempt: Attempt) -> Mapping[str, Any]:
        """Return the fields of an attempt's line about the upload."""
        line = attempt.line_about(self.upload.key)
        return line.fields if line else {}


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """One upload's steps in their order, and what went wrong on the way."""

    key: str
    thumbnail_key: str
    original_bytes: int
    thumbnail_bytes: int | None
    started_epoch_seconds: float
    attempts: int
    steps: tuple[Step, ...]
    looks: tuple[EdgeRequest, ...]
    errors: tuple[str, ...]
    why_missing: str | None
    format_version: int = FORMAT_VERSION

    def step(self, name: str) -> Step:
        """Return the step of this name."""
        return next(step for step in self.steps if step.name == name)

    @property
    def arrived_ms(self) -> float | None:
        """When the thumbnail was seen at the edge, or in the bucket if it was not seen at an edge."""
        ends = [step.end_ms for step in self.steps if step.name in {SEEN_IN_BUCKET, SEEN_AT_EDGE}]
        return next((end for end in reversed(ends) if end is not None), None)


def timeline(observed: Observed) -> Timeline:
    """Put what was seen in order; nothing is measured here."""
    upload = observed.upload
    tried = attempts_at(observed.log, upload.key)
    # The attempt that made it; if none did, the last one.
    made = (one for one in tried if "thumbnail" in observed.fields(one))
    attempt = next(made, tried[-1] if tried else None)
    accepted_ms = upload.accepted_seconds * 1000
    return Timeline(
        key=upload.key,
        thumbnail_key=upload.thumbnail_key,
        original_bytes=upload.original_bytes,
        thumbnail_bytes=len(observed.thumbnail.data) if observed.thumbnail else None,
        started_epoch_seconds=upload.started_epoch_seconds,
        attempts=len(tried),
        steps=(
            Step(name="accepted", clock=APPLICATION, start_ms=0.0, end_ms=accepted_ms, precision_ms=0.0),
            *_function_steps(attempt, observed),
            _stored(observed),
            _seen_in_bucket(observed),
            _seen_at_edge(observed),
        ),
        looks=observed.looks,
        errors=tuple(_errors(tried, observed)),
        why_missing=observed.why_missing,
    )


def _function_steps(attempt: Attempt | None, observed: Observed) -> Iterable[Step]:
    if attempt is None:
        note = "no line of the function's log names this original"
        return [Step(name=name, clock=FUNCTION, note=note) for name in _FUNCTION_STEPS]
    precision_ms = observed.log.precision_ms
    began = observed.since_ms(attempt.started_epoch_ms / 1000)
    event = _event(attempt, observed)
    return [
        event,
        _waiting(event, began - (attempt.init_ms or 0.0), precision_ms),
        _environment(attempt, began, precision_ms),
        _invocation(attempt, began, precision_ms),
        *_own_steps(attempt, observed),
    ]


def _event(attempt: Attempt, observed: Observed) -> Step:
    text = observed.fields(attempt).get("event_time")
    if not text:
        return Step(name="event", clock=EVENT, note="the function's line does not say it")
    at = observed.since_ms(datetime.fromisoformat(text).timestamp())
    return Step(name="event", clock=EVENT, start_ms=at, end_ms=at, precision_ms=_EVENT_PRECISION_MS)


def _waiting(event: Step, until: float, precision_ms: float) -> Step:
    if event.end_ms is None:
        return Step(name="waiting", clock=FUNCTION, note="not known without the event's time")
    return Step(
        name="waiting",
        clock=FUNCTION,
        start_ms=event.end_ms,
        end_ms=until,
        precision_ms=_EVENT_PRECISION_MS + precision_ms,
        note="for delivery, a free environment, the function's package",
    )


def _environment(attempt: Attempt, began: float, precision_ms: float) -> Step:
    name = "environment"
    if attempt.init_ms is None:
        note = "reused" if attempt.duration_ms is not None else "Lambda has not reported on it"
        return Step(name=name, clock=FUNCTION, note=note)
    start = began - attempt.init_ms
    return Step(
        name=name, clock=FUNCTION, start_ms=start, end_ms=began, precision_ms=precision_ms, note="started"
    )


def _invocation(attempt: Attempt, began: float, precision_ms: float) -> Step:
    name = "invocation"
    if attempt.duration_ms is None:
        return Step(name=name, clock=FUNCTION, note="Lambda has not reported on it")
    end = began + attempt.duration_ms
    return Step(name=name, clock=FUNCTION, start_ms=began, end_ms=end, precision_ms=precision_ms)


def _own_steps(attempt: Attempt, observed: Observed) -> Iterable[Step]:
    line = attempt.line_about(observed.upload.key)
    took = {
        name.removesuffix(_SUFFIX): float(value)
        for name, value in observed.fields(attempt).items()
        if name.endswith(_SUFFIX)
    }
    if line is None or not took:
        return
    # They follow each other, and the line is written after the last: their places are counted back from it.
    # It is dated when it is read, on a busy machine after the end of the invocation that wrote it.
    written = min(line.epoch_ms, attempt.started_epoch_ms + (attempt.duration_ms or math.inf))
    start = observed.since_ms(written / 1000) - sum(took.values())
    precision_ms = observed.log.precision_ms
    for name, step_ms in took.items():
        end = start + step_ms
        own = _STEP_NAMES.get(name, name)
        yield Step(name=own, clock=FUNCTION, start_ms=start, end_ms=end, precision_ms=precision_ms)
        start = end


def _stored(observed: Observed) -> Step:
    if observed.thumbnail is None:
        return Step(name="stored", clock=BUCKET, note="there is no thumbnail")
    at = observed.since_ms(observed.thumbnail.modified_epoch_seconds)
    note, precision_ms = "truncated to whole seconds", _LAST_MODIFIED_PRECISION_MS
    return Step(name="stored", clock=BUCKET, start_ms=at, end_ms=at, precision_ms=precision_ms, note=note)


def _seen_in_bucket(observed: Observed) -> Step:
    name = SEEN_IN_BUCKET
    if observed.thumbnail is None:
        return Step(name=name, clock=APPLICATION, note="there is no thumbnail")
    at = observed.thumbnail.visible_seconds * 1000
    missed = (observed.missed_seconds or 0.0) * 1000
    note = f"not there yet at {missed:.0f} ms"
    return Step(name=name, clock=APPLICATION, start_ms=at, end_ms=at, precision_ms=at - missed, note=note)


def _seen_at_edge(observed: Observed) -> Step:
    name = SEEN_AT_EDGE
    first = next((look for look in observed.looks if look.correct), None)
    if first is None:
        return Step(name=name, clock=APPLICATION, note="it never was")
    start, end = first.at_ms, first.at_ms + first.took_ms
    note = f"{first.status}, {first.cache}"
    return Step(name=name, clock=APPLICATION, start_ms=start, end_ms=end, precision_ms=0.0, note=note)


def _errors(tried: list[Attempt], observed: Observed) -> Iterable[str]:
    for attempt in tried:
        fields = observed.fields(attempt)
        if fields.get("level") == "error":
            kind = fields.get("type", "to be retried")
            yield f"the function: {kind}: {fields.get('reason', '')}"
    for look in observed.looks:
        if not look.correct:
            yield f"the edge at {look.at_ms:.0f} ms: {look.status}, {look.cache}"
