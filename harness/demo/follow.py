"""What goes on behind a photo after its upload: waiting for its thumbnail, and asking the edge."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from harness.application import Deletion, Thumbnail, Upload
from harness.application.names import content_type_of
from harness.cdn.edge import Edge
from harness.demo.feed import EdgeFacts
from harness.demo.state import EXPECTING, EdgeAnswer, Photo, Photos, with_answer
from harness.errors import ThumbrigError
from harness.observe.log import read_reported_log
from harness.observe.outcome import DeployedApplication, Outcome, await_outcome
from harness.observe.timeline import EdgeRequest, Observed, timeline
from harness.observe.viewer import Viewer

# Retries included; on a local target they are over in seconds.
_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True, kw_only=True)
class RunningPipeline:
    """All that a photo needs; `remembered_seconds` is for how long the edge remembers an error."""

    application: DeployedApplication
    edge: Edge
    viewer: Viewer
    remembered_seconds: float


class Follower:
    """Follows photos, each from a thread of its own, and notes what it finds."""

    def __init__(self, pipeline: RunningPipeline, photos: Photos, facts: EdgeFacts) -> None:
        self._pipeline = pipeline
        self._photos = photos
        self._facts = facts
        self._closed = False

    def close(self) -> None:
        """Stop waiting."""
        self._closed = True

    def follow(self, photo: Photo) -> None:
        """Wait for a new photo's thumbnail in the bucket and then at the edge, or at the edge alone."""
        with self._failures_shown(photo):
            if photo.asking == "edge":
                self._follow_at_edge(photo, stored=None)
                return
            stored = self._await(photo.upload, is_wanted=self._expects(photo))
            if stored.thumbnail is None:
                self._conclude(photo, stored)
                self._add_timeline(photo, stored)
                return
            self._photos.change(photo.id, lambda now: replace(now, in_bucket=True))
            self._follow_at_edge(photo, stored)

    def follow_replacement(self, before: Photo, upload: Upload, name: str) -> None:
        """Wait for a new photo; the old one goes only when the new one can be seen."""

        def is_wanted() -> bool:
            return not self._closed and self._photos.get(before.id).state == "replacing"

        with self._failures_shown(before):
            stored = self._await(upload, is_wanted=is_wanted)
            if stored.thumbnail is None:
                self._keep(before, upload, name, stored)
                return
            deletion = self._pipeline.application.delete(before.upload.key)
            photo = self._replacement(before, upload, name, deletion)
            self._photos.change(before.id, lambda _: photo)
            self._follow_at_edge(photo, stored)

    def sweep(self, photo_id: str, deletion: Deletion) -> None:
        """Take away what turned up after a photo was deleted while it was being resized."""
        with self._failures_shown(self._photos.get(photo_id)):
            sweeps = self._pipeline.application.wait_until_settled(deletion)
            if any(sweep.late_keys for sweep in sweeps):
                note = (
                    "It was deleted while it was being resized: a second look took the late thumbnail away."
                )
                self._photos.change(photo_id, lambda now: replace(now, note=note))

    def ask_edge(self, photo_id: str) -> EdgeAnswer:
        """Ask the edge for a photo's thumbnail, and add its answer to the photo."""
        photo = self._photos.get(photo_id)
        given = self._pipeline.viewer.get(photo.address)
        answer = EdgeAnswer(
            after_seconds=given.asked_seconds - photo.upload.started_seconds,
            took_seconds=given.answered_seconds - given.asked_seconds,
            status=given.status,
            headers=given.headers,
            body=given.body,
        )
        # Not if the photo has meanwhile been replaced: it was asked for at its old address.
        self._photos.change(
            photo_id, lambda now: with_answer(now, answer) if now.address == photo.address else now
        )
        self._facts.publish()
        return answer

    def _follow_at_edge(self, photo: Photo, stored: Outcome | None) -> None:
        seen = self._await(
            photo.upload,
            is_wanted=self._expects(photo),
            is_seen=lambda: self.ask_edge(photo.id).shows_picture,
        )
        self._conclude(photo, seen)
        self._add_timeline(photo, stored or seen)

    def _await(
        self, upload: Upload, *, is_wanted: Callable[[], bool], is_seen: Callable[[], bool] | None = None
    ) -> Outcome:
        return await_outcome(
            self._pipeline.application,
            upload,
            timeout_seconds=_TIMEOUT_SECONDS,
            is_wanted=is_wanted,
            is_seen=is_seen,
        )

    def _expects(self, photo: Photo) -> Callable[[], bool]:
        def is_wanted() -> bool:
            now = self._photos.get(photo.id)
            return not self._closed and now.state in EXPECTING and now.upload == photo.upload

        return is_wanted

    def _conclude(self, photo: Photo, outcome: Outcome) -> None:
        if outcome.refusal:
            changes: dict[str, Any] = {"state": "refused", "reason": outcome.refusal.reason}
        elif found := outcome.diagnosis:
            changes = {"state": "failed", "reason": found.sentence, "details": found.found}
        else:
            return
        self._photos.change(photo.id, lambda now: replace(now, **changes) if now.state in EXPECTING else now)

    def _keep(self, before: Photo, upload: Upload, name: str, outcome: Outcome) -> None:
        # Nobody has any use for it.
        self._pipeline.application.delete(upload.key)
        reason = outcome.refusal.reason if outcome.refusal else outcome.why_missing
        note = f"{name} was not taken: {reason}. What was there stays."
        self._photos.change(before.id, lambda now: replace(now, state=before.state, note=note))

    def _replacement(self, before: Photo, upload: Upload, name: str, deletion: Deletion) -> Photo:
        invalidation_id = deletion.invalidation.id if deletion.invalidation else None
        return Photo(
            id=before.id,
            number=before.number,
            name=name,
            upload=upload,
            address=self._pipeline.application.thumbnail_url(upload.key),
            content_type=content_type_of(upload.key),
            asking="bucket",
            remembered_seconds=before.remembered_seconds,
            in_bucket=True,
            note="Replaced: the new photo has an address of its own, so no cache can show the old one there. "
            f"The old one is deleted, and the edge has forgotten it (invalidation {invalidation_id}).",
        )

    def _add_timeline(self, photo: Photo, outcome: Outcome) -> None:
        answers, key = self._photos.get(photo.id).answers, photo.upload.key
        # A refused or deleted photo has a line, too, if it came so far.
        log = read_reported_log(self._pipeline.application.deployment, photo.upload, is_expected=True)
        found = timeline(
            Observed(
                upload=photo.upload,
                thumbnail=outcome.thumbnail,
                missed_seconds=outcome.missed_seconds,
                log=log,
                looks=tuple(_timed(answer, outcome.thumbnail) for answer in answers),
            )
        )
        sizes = {name: line[name] for line in log.naming(key) for name in ("width", "height") if name in line}
        self._photos.change(
            photo.id,
            lambda now: replace(now, timeline=asdict(found), **sizes) if now.upload == photo.upload else now,
        )

    @contextlib.contextmanager
    def _failures_shown(self, photo: Photo) -> Iterator[None]:
        # Nobody waits for this thread: the page shows what goes wrong in it.
        try:
            yield
        except (BotoCoreError, ClientError, HTTPError, ThumbrigError) as exc:
            if self._closed:
                return
            reason = str(exc)
            self._photos.change(photo.id, lambda now: replace(now, state="failed", reason=reason))


def _timed(answer: EdgeAnswer, thumbnail: Thumbnail | None) -> EdgeRequest:
    return EdgeRequest(
        at_ms=answer.after_seconds * 1000,
        took_ms=answer.took_seconds * 1000,
        status=answer.status,
        cache=answer.headers.get("x-cache", ""),
        correct=answer.shows_picture and thumbnail is not None and answer.body == thumbnail.data,
    )
