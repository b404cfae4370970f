"""What the page's buttons do: the application's side of each photo, and a viewer at the edge."""

from __future__ import annotations

import itertools
import secrets
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from harness.application.names import content_type_of
from harness.demo.board import Board
from harness.demo.card import EXPECTING, Card
from harness.demo.follow import Follower
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.application.invalidation import Invalidation
    from harness.demo.card import Asking
    from harness.demo.edge_facts import EdgeFacts
    from harness.demo.stage import Stage


class BusyError(ThumbrigError):
    """Raised when a photo is in no state for what is asked."""

    def __init__(self, card: Card, wanted: str) -> None:
        super().__init__(
            f"{card.name} is {card.state}: expected one that can be {wanted}; wait, or take another"
        )


class Desk:
    """The photos of one run, and what can be done with each; may be used from several threads.

    `told` hears of every change of a card.
    """

    def __init__(self, stage: Stage, facts: EdgeFacts, *, told: Callable[[Card], None]) -> None:
        self._stage = stage
        self._facts = facts
        self._numbers = itertools.count(1)
        self._board = Board(told)
        self._follower = Follower(stage, self._board, facts)

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._follower.close()

    def cards(self) -> list[Card]:
        """Give all photos, the oldest first."""
        return self._board.cards()

    def card(self, photo_id: str) -> Card:
        """Give one photo; raises NoSuchPhotoError."""
        return self._board.card(photo_id)

    def upload(self, data: bytes, name: str, *, asking: Asking) -> Card:
        """Upload a photo; what becomes of it is followed in the background."""
        upload = self._stage.application.upload(data, name)
        card = Card(
            id=secrets.token_hex(8),
            number=next(self._numbers),
            name=name,
            upload=upload,
            address=self._stage.application.thumbnail_url(upload.key),
            content_type=content_type_of(upload.key),
            asking=asking,
            remembered_seconds=self._stage.remembered_seconds,
        )
        self._board.put(card)
        _in_background(lambda: self._follower.follow(card))
        return card

    def reload(self, photo_id: str) -> Card:
        """Ask the edge again, as a reload of the browser would without a cache of its own."""
        self._follower.look(photo_id)
        return self._note(photo_id, "")

    def replace(self, photo_id: str, data: bytes, name: str) -> Card:
        """Put another photo in the place of this one."""
        before = self._board.card(photo_id)
        if before.state not in {"ready", "refused", "failed"}:
            raise BusyError(before, "replaced")
        upload = self._stage.application.upload(data, name)
        card = self._board.change(photo_id, lambda card: replace(card, state="replacing", note=""))
        _in_background(lambda: self._follower.follow_replacement(before, upload, name))
        return card

    def delete(self, photo_id: str) -> Card:
        """Delete a photo everywhere, and look what the edge says then."""
        before = self._board.card(photo_id)
        if before.state in {"replacing", "deleted"}:
            raise BusyError(before, "deleted")
        # First: whoever still waits for its thumbnail is to stop.
        self._board.change(photo_id, lambda card: replace(card, state="deleted", note=""))
        try:
            deletion = self._stage.application.delete(before.upload.key)
        except ThumbrigError:
            self._board.change(photo_id, lambda card: replace(card, state=before.state))
            raise
        self._note(photo_id, _told(deletion.invalidation))
        if before.state in EXPECTING:
            _in_background(lambda: self._follower.sweep(photo_id, deletion))
        self._follower.look(photo_id)
        return self._board.card(photo_id)

    def invalidate(self, photo_id: str) -> Card:
        """Have the edge forget the thumbnail, or that it is missing."""
        card = self._board.card(photo_id)
        keys = self._stage.deployment.pipeline.thumbnail_keys(card.upload.key)
        invalidation = self._stage.application.invalidate(*keys)
        self._facts.publish()
        return self._note(photo_id, _told(invalidation))

    def let_pass(self, photo_id: str, *, seconds: int) -> Card:
        """Let time pass at the edge, for all that it has."""
        self._board.card(photo_id)
        self._facts.advance(seconds)
        days = f"{seconds / 86_400:g}"
        return self._note(
            photo_id,
            f"At the edge, {days} day{'s' * (days != '1')} passed. Reload shows what it makes of it.",
        )

    def _note(self, photo_id: str, note: str) -> Card:
        return self._board.change(photo_id, lambda card: replace(card, note=note))

    def original(self, photo_id: str) -> tuple[bytes, str] | None:
        """Read an original back from the bucket; None if it is gone."""
        card = self._board.card(photo_id)
        try:
            found = self._stage.deployment.aws.client("s3").get_object(
                Bucket=self._stage.deployment.bucket, Key=card.upload.key
            )
        except ClientError as exc:
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] in {403, 404}:
                return None
            raise
        return found["Body"].read(), card.content_type

    def thumbnail(self, photo_id: str, number: int) -> tuple[bytes, str] | None:
        """Give the picture that the edge sent to one look; None if it sent none."""
        for look in self._board.card(photo_id).looks:
            if look.number == number and look.shows_picture:
                return look.body, look.headers["content-type"]
        return None


def _told(invalidation: Invalidation | None) -> str:
    if invalidation is None:
        return "There is no CDN here to tell."
    paths = f"{len(invalidation.paths)} path" + "s" * (len(invalidation.paths) != 1)
    if invalidation.error:
        return f"The invalidation of {paths} failed: {invalidation.error}"
    return f"Invalidation {invalidation.id}: {paths}. The edge has forgotten, so it asks the bucket next."


def _in_background(work: Callable[[], Any]) -> None:
    # The rig's end does not wait for it: what it waits for is gone by then.
    threading.Thread(target=work, daemon=True).start()
