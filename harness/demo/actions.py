"""What the page's buttons do: the application's side of each photo, and a viewer at the edge."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from harness.application import Invalidation
from harness.application.deletion import is_missing
from harness.application.names import content_type_of
from harness.demo.feed import EdgeFacts
from harness.demo.follow import Follower, RunningPipeline
from harness.demo.state import EXPECTING, Asking, Photo, Photos
from harness.errors import ThumbrigError


class BusyError(ThumbrigError):
    """Raised when an action does not fit a photo's state."""

    def __init__(self, photo: Photo, wanted: str) -> None:
        super().__init__(
            f"{photo.name} is {photo.state}: expected one that can be {wanted}; wait, or take another"
        )


class Actions:
    """Everything that can be done with the photos of one run; may be used from several threads."""

    def __init__(self, pipeline: RunningPipeline, photos: Photos, facts: EdgeFacts) -> None:
        self._pipeline = pipeline
        self._photos = photos
        self._facts = facts
        self._numbers = itertools.count(1)
        self._follower = Follower(pipeline, photos, facts)

    def close(self) -> None:
        """End all waiting."""
        self._follower.close()

    def upload(self, data: bytes, name: str, *, asking: Asking) -> Photo:
        """Upload a photo, and follow it in the background."""
        upload = self._pipeline.application.upload(data, name)
        photo = Photo(
            id=secrets.token_hex(8),
            number=next(self._numbers),
            name=name,
            upload=upload,
            address=self._pipeline.application.thumbnail_url(upload.key),
            content_type=content_type_of(upload.key),
            asking=asking,
            remembered_seconds=self._pipeline.remembered_seconds,
        )
        self._photos.add(photo)
        _in_background(lambda: self._follower.follow(photo))
        return photo

    def reload(self, photo_id: str) -> Photo:
        """Ask the edge again, as a reload of the browser would without a cache of its own."""
        self._follower.ask_edge(photo_id)
        return self._note(photo_id, "")

    def replace(self, photo_id: str, data: bytes, name: str) -> Photo:
        """Put another photo in the place of this one."""
        before = self._photos.get(photo_id)
        if before.state not in {"ready", "refused", "failed"}:
            raise BusyError(before, "replaced")
        upload = self._pipeline.application.upload(data, name)
        photo = self._photos.change(photo_id, lambda now: replace(now, state="replacing", note=""))
        _in_background(lambda: self._follower.follow_replacement(before, upload, name))
        return photo

    def delete(self, photo_id: str) -> Photo:
        """Delete a photo everywhere, and ask what the edge says then."""
        before = self._photos.get(photo_id)
        if before.state in {"replacing", "deleted"}:
            raise BusyError(before, "deleted")
        # First: this ends the wait for its thumbnail.
        self._photos.change(photo_id, lambda now: replace(now, state="deleted", note=""))
        try:
            deletion = self._pipeline.application.delete(before.upload.key)
        except ThumbrigError:
            self._photos.change(photo_id, lambda now: replace(now, state=before.state))
            raise
        self._note(photo_id, _in_words(deletion.invalidation))
        if before.state in EXPECTING:
            _in_background(lambda: self._follower.sweep(photo_id, deletion))
        self._follower.ask_edge(photo_id)
        return self._photos.get(photo_id)

    def invalidate(self, photo_id: str) -> Photo:
        """Have the edge forget the thumbnail, or that it is missing."""
        photo = self._photos.get(photo_id)
        keys = self._pipeline.application.pipeline.thumbnail_keys(photo.upload.key)
        invalidation = self._pipeline.application.invalidate(*keys)
        self._facts.publish()
        return self._note(photo_id, _in_words(invalidation))

    def let_pass(self, photo_id: str, *, seconds: int) -> Photo:
        """Let time pass at the edge, for everything that it keeps."""
        self._photos.get(photo_id)
        self._facts.advance(seconds)
        days = f"{seconds / 86_400:g}"
        return self._note(
            photo_id,
            f"At the edge, {days} day{'s' * (days != '1')} passed. Reload to see what the edge answers now.",
        )

    def original(self, photo_id: str) -> tuple[bytes, str] | None:
        """Read an original and its type back from the bucket; returns None if it is gone."""
        photo = self._photos.get(photo_id)
        deployment = self._pipeline.application.deployment
        try:
            found = deployment.aws.client("s3").get_object(Bucket=deployment.bucket, Key=photo.upload.key)
        except ClientError as exc:
            if is_missing(exc):
                return None
            raise
        return found["Body"].read(), photo.content_type

    def thumbnail(self, photo_id: str, number: int) -> tuple[bytes, str] | None:
        """Return the picture of one of the edge's answers and its type; None if it had none."""
        for answer in self._photos.get(photo_id).answers:
            if answer.number == number and answer.shows_picture:
                return answer.body, answer.headers["content-type"]
        return None

    def _note(self, photo_id: str, note: str) -> Photo:
        return self._photos.change(photo_id, lambda now: replace(now, note=note))


def _in_words(invalidation: Invalidation | None) -> str:
    if invalidation is None:
        return "There is no CDN here to invalidate."
    paths = f"{len(invalidation.paths)} path" + "s" * (len(invalidation.paths) != 1)
    if invalidation.error:
        return f"The invalidation of {paths} failed: {invalidation.error}"
    return f"Invalidation {invalidation.id}: {paths}. The edge has forgotten, so it asks the bucket next."


def _in_background(work: Callable[[], Any]) -> None:
    # The rig's end does not wait for it: what it waits for is gone by then.
    threading.Thread(target=work, daemon=True).start()
