"""Puts together what was seen of one photo: its timeline, and what the function says of its pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from harness.observe.timeline import Look as TimedLook
from harness.observe.timeline import Observed, timeline
from harness.observe.watch import read_reported_log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.application.application import Thumbnail
    from harness.demo.card import Look
    from harness.demo.outcome import Expectation
    from harness.demo.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Times:
    """A timeline as the page draws it, and the original's pixel size if the function logs it."""

    timeline: Mapping[str, Any]
    width: int | None
    height: int | None


def observe(stage: Stage, expected: Expectation, looks: Sequence[Look]) -> Times:
    """Read the log once it is complete, and put everything in order."""
    upload = expected.upload
    # A refused or deleted photo has a line, too, if it came so far.
    log = read_reported_log(stage.deployment, upload, expected=True)
    thumbnail = expected.thumbnail()
    found = timeline(
        Observed(
            upload=upload,
            thumbnail=thumbnail,
            missed_seconds=expected.missed_seconds,
            log=log,
            looks=tuple(_timed(look, thumbnail) for look in looks),
            edge=stage.edge.url,
        )
    )
    fields: dict[str, Any] = {}
    for line in log.naming(upload.key):
        fields |= line
    return Times(timeline=asdict(found), width=fields.get("width"), height=fields.get("height"))


def _timed(look: Look, thumbnail: Thumbnail | None) -> TimedLook:
    return TimedLook(
        at_ms=look.after_seconds * 1000,
        took_ms=look.took_seconds * 1000,
        status=look.status,
        cache=look.headers.get("x-cache", ""),
        correct=look.shows_picture and thumbnail is not None and look.body == thumbnail.data,
    )
