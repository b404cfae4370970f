"""What the page shows of one photo: plain data, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.application.application import Upload
    from harness.demo.times import Times

State: TypeAlias = Literal["accepted", "waiting", "ready", "replacing", "refused", "failed", "deleted"]
# Whom a new photo's thumbnail is asked for, until it is there.
Asking: TypeAlias = Literal["bucket", "edge"]

# What of an answer is shown; all of it is what CloudFront itself would send.
SHOWN_HEADERS: Final = ("x-cache", "age", "via", "x-amz-cf-id")
# In these states the thumbnail is still asked for.
EXPECTING: Final[frozenset[State]] = frozenset({"accepted", "waiting"})

_HEADLINES: Final[Mapping[State, str]] = {
    "accepted": "S3 has the original. Its event is on the way to the function.",
    "ready": "There.",
    "replacing": "A new photo is on its way, to an address of its own. This one stays until then.",
    "refused": "The function refused it: {reason}.",
    "failed": "No thumbnail: {reason}.",
    "deleted": "Deleted: the original, its thumbnail, and what the edge had of them.",
}
_MOST_LOOKS: Final = 40
_OK: Final = 200


@dataclass(frozen=True, kw_only=True)
class Look:
    """One answer of the edge, as a browser would get it; a card gives it its number."""

    after_seconds: float
    took_seconds: float
    status: int
    headers: Mapping[str, str]
    body: bytes
    number: int = 0

    @property
    def shows_picture(self) -> bool:
        """Whether a browser would show a picture now."""
        return self.status == _OK and self.headers.get("content-type", "").startswith("image/")

    def to_json(self) -> dict[str, Any]:
        """Give what the page's table has of it."""
        return {
            "number": self.number,
            "after_ms": round(self.after_seconds * 1000),
            "took_ms": round(self.took_seconds * 1000, 1),
            "status": self.status,
            "bytes": len(self.body),
            "headers": {name: self.headers[name] for name in SHOWN_HEADERS if name in self.headers},
        }


@dataclass(frozen=True, kw_only=True)
class Card:
    """One photo on the page; a higher `number` is shown further up.

    The pixel sizes are known once the function has read the original. `visible_seconds` is the time from the
    upload's beginning to the first picture from the edge, `remembered_seconds` how long the edge gives the
    same answer about a thumbnail that is missing. `version` rises with each change.
    """

    id: str
    number: int
    name: str
    upload: Upload
    address: str
    content_type: str
    asking: Asking
    remembered_seconds: float
    version: int = 0
    state: State = "accepted"
    width: int | None = None
    height: int | None = None
    in_bucket: bool = False
    visible_seconds: float | None = None
    reason: str = ""
    details: tuple[str, ...] = ()
    note: str = ""
    looks: tuple[Look, ...] = ()
    looks_made: int = 0
    looks_in_vain: int = 0
    timeline: Mapping[str, Any] | None = None

    @property
    def last_look(self) -> Look | None:
        """The newest answer of the edge."""
        return self.looks[-1] if self.looks else None

    def to_json(self) -> dict[str, Any]:
        """Give all that the page needs to draw it."""
        last = self.last_look
        return {
            "id": self.id,
            "number": self.number,
            "version": self.version,
            "name": self.name,
            "key": self.upload.key,
            "address": self.address,
            "state": self.state,
            "asking": self.asking,
            "headline": headline(self),
            "details": list(self.details),
            "note": self.note,
            "original": {
                "bytes": self.upload.original_bytes,
                "content_type": self.content_type,
                "width": self.width,
                "height": self.height,
            },
            "thumbnail": _thumbnail(last) if last else None,
            "looks": [look.to_json() for look in self.looks],
            "looks_made": self.looks_made,
            "timeline": dict(self.timeline) if self.timeline else None,
        }


def with_look(card: Card, look: Look) -> Card:
    """Add an answer of the edge, and draw the conclusion if the thumbnail was still expected."""
    looked = replace(
        card,
        looks=(*card.looks[1 - _MOST_LOOKS :], replace(look, number=card.looks_made + 1)),
        looks_made=card.looks_made + 1,
    )
    if card.state not in EXPECTING:
        return looked
    if look.shows_picture:
        return replace(
            looked,
            state="ready",
            visible_seconds=look.after_seconds + look.took_seconds,
            looks_in_vain=card.looks_made,
        )
    return replace(looked, state="waiting")


def with_times(card: Card, times: Times) -> Card:
    """Add what is known once the function has told of it."""
    return replace(card, timeline=times.timeline, width=times.width, height=times.height)


def _thumbnail(look: Look) -> dict[str, Any]:
    return {
        "look": look.number,
        "status": look.status,
        "is_picture": look.shows_picture,
        "bytes": len(look.body),
        "content_type": look.headers.get("content-type", ""),
    }


def headline(card: Card) -> str:
    """Say in a sentence how things stand."""
    if card.state == "waiting":
        return _waiting(card)
    if card.state == "ready" and card.visible_seconds is not None:
        return f"There after {_duration(card.visible_seconds)}.{_in_vain(card)}"
    return _HEADLINES[card.state].format(reason=card.reason)


def _waiting(card: Card) -> str:
    keeps = f"keeps that answer for {card.remembered_seconds:g} s"
    if card.in_bucket:
        return f"In the bucket, but the edge was asked too early: it answers 403, and {keeps}."
    return f"Not there yet: the edge answers 403, and {keeps}."


def _in_vain(card: Card) -> str:
    if not card.looks_in_vain:
        return ""
    times = "once" if card.looks_in_vain == 1 else f"{card.looks_in_vain} times"
    return f" Until then the edge was asked {times} in vain."


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
