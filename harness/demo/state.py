"""The photos of one run, as the page shows them: plain data, its words, and the one place to change it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from harness.application import Upload
from harness.errors import ThumbrigError

State: TypeAlias = Literal["accepted", "waiting", "ready", "replacing", "refused", "failed", "deleted"]
# What is asked for a new photo's thumbnail until it is there.
Asking: TypeAlias = Literal["bucket", "edge"]

# In these states the thumbnail is still asked for.
EXPECTING: Final[frozenset[State]] = frozenset({"accepted", "waiting"})

# What the page shows of an answer's headers; CloudFront itself would send all of them.
_SHOWN_HEADERS: Final = ("x-cache", "age", "via", "x-amz-cf-id")
_HEADLINES: Final[Mapping[State, str]] = {
    "accepted": "S3 has the original. Its event is on the way to the function.",
    "ready": "There.",
    "replacing": "A new photo is on its way, to an address of its own. This one stays until then.",
    "refused": "The function refused it: {reason}.",
    "failed": "No thumbnail: {reason}.",
    "deleted": "Deleted: the original, its thumbnail, and the edge's copies of them.",
}
_MOST_ANSWERS: Final = 40
_OK: Final = 200


class NoSuchPhotoError(ThumbrigError):
    """Raised when the page names a photo that the demo does not have."""

    def __init__(self, photo_id: str) -> None:
        super().__init__(f"no photo {photo_id!r}: expected one of this run of the demo; load the page again")


@dataclass(frozen=True, kw_only=True)
class EdgeAnswer:
    """One answer of the edge, as a browser would get it; the photo that it is added to numbers it."""

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
        """Return a row of the page's table."""
        return {
            "number": self.number,
            "after_ms": round(self.after_seconds * 1000),
            "took_ms": round(self.took_seconds * 1000, 1),
            "status": self.status,
            "bytes": len(self.body),
            "headers": {name: self.headers[name] for name in _SHOWN_HEADERS if name in self.headers},
        }


@dataclass(frozen=True, kw_only=True)
class Photo:
    """One photo on the page; a higher `number` is shown further up.

    The pixel sizes are known once the function has read the original. `visible_seconds` is the time from the
    upload's beginning to the first picture from the edge. `remembered_seconds` is how long the edge repeats
    its answer about a missing thumbnail. `version` rises with each change.
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
    answers: tuple[EdgeAnswer, ...] = ()
    answers_made: int = 0
    answers_in_vain: int = 0
    timeline: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return all that the page needs to draw it."""
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
            "thumbnail": _thumbnail(self.answers[-1]) if self.answers else None,
            "answers": [answer.to_json() for answer in self.answers],
            "answers_made": self.answers_made,
            "timeline": dict(self.timeline) if self.timeline else None,
        }


def _thumbnail(answer: EdgeAnswer) -> dict[str, Any]:
    return {
        "answer": answer.number,
        "status": answer.status,
        "is_picture": answer.shows_picture,
        "bytes": len(answer.body),
        "content_type": answer.headers.get("content-type", ""),
    }


def with_answer(photo: Photo, answer: EdgeAnswer) -> Photo:
    """Add an answer of the edge, and draw the conclusion if the thumbnail was still expected."""
    answered = replace(
        photo,
        answers=(*photo.answers[1 - _MOST_ANSWERS :], replace(answer, number=photo.answers_made + 1)),
        answers_made=photo.answers_made + 1,
    )
    if photo.state not in EXPECTING:
        return answered
    if answer.shows_picture:
        return replace(
            answered,
            state="ready",
            visible_seconds=answer.after_seconds + answer.took_seconds,
            answers_in_vain=photo.answers_made,
        )
    return replace(answered, state="waiting")


def headline(photo: Photo) -> str:
    """Say in a sentence how things stand."""
    if photo.state == "waiting":
        keeps = f"keeps that answer for {photo.remembered_seconds:g} s"
        if photo.in_bucket:
            return f"In the bucket, but the edge was asked too early: it answers 403, and {keeps}."
        return f"Not there yet: the edge answers 403, and {keeps}."
    if photo.state == "ready" and photo.visible_seconds is not None:
        return f"There after {_duration(photo.visible_seconds)}.{_in_vain(photo)}"
    return _HEADLINES[photo.state].format(reason=photo.reason)


def _in_vain(photo: Photo) -> str:
    if not photo.answers_in_vain:
        return ""
    times = "once" if photo.answers_in_vain == 1 else f"{photo.answers_in_vain} times"
    return f" Until then the edge was asked {times} in vain."


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


class Photos:
    """The photos by their ids; threads may change them, and `on_change` gets each change in its order."""

    def __init__(self, on_change: Callable[[Photo], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._photos: dict[str, Photo] = {}

    def add(self, photo: Photo) -> None:
        """Add a new photo."""
        with self._lock:
            self._photos[photo.id] = photo
            self._on_change(photo)

    def get(self, photo_id: str) -> Photo:
        """Return the photo as it is now; raises NoSuchPhotoError."""
        with self._lock:
            return self._found(photo_id)

    def all(self) -> list[Photo]:
        """Return all photos, the oldest first."""
        with self._lock:
            return list(self._photos.values())

    def change(self, photo_id: str, change: Callable[[Photo], Photo]) -> Photo:
        """Change a photo; nobody else changes it meanwhile."""
        with self._lock:
            before = self._found(photo_id)
            after = change(before)
            if after == before:
                return before
            after = replace(after, version=before.version + 1)
            self._photos[photo_id] = after
            self._on_change(after)
            return after

    def _found(self, photo_id: str) -> Photo:
        if photo_id not in self._photos:
            raise NoSuchPhotoError(photo_id)
        return self._photos[photo_id]
