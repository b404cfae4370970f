"""What goes on behind a photo after its upload: waiting for its thumbnail, and looking at the edge."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from harness.application.application import Thumbnail
from harness.application.names import content_type_of
from harness.demo.card import EXPECTING, Card, Look, with_look, with_times
from harness.demo.outcome import Expectation
from harness.demo.times import observe
from harness.errors import ThumbrigError
from harness.observe.diagnosis import Diagnosis
from harness.observe.outcome import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.application.application import Upload
    from harness.application.deletion import Deletion
    from harness.demo.board import Board
    from harness.demo.edge_facts import EdgeFacts
    from harness.demo.outcome import End
    from harness.demo.stage import Stage


class Follower:
    """Follows photos, each from a thread of its own, and writes on their cards what it finds."""

    def __init__(self, stage: Stage, board: Board, facts: EdgeFacts) -> None:
        self._stage = stage
        self._board = board
        self._facts = facts
        self._closed = False

    def close(self) -> None:
        """Stop waiting."""
        self._closed = True

    def follow(self, card: Card) -> None:
        """Wait for a new photo's thumbnail in the bucket and then at the edge, or at the edge alone."""
        with self._telling(card):
            expected = self._expectation(card.upload, is_wanted=self._expects(card))
            if card.asking == "bucket":
                stored = expected.at_the_bucket()
                if not isinstance(stored, Thumbnail):
                    self._conclude(card, stored, expected)
                    self._tell_times(card, expected)
                    return
                self._board.change(card.id, lambda now: replace(now, in_bucket=True))
            self._conclude(card, expected.at_the_edge(lambda: self.look(card.id)), expected)
            self._tell_times(card, expected)

    def follow_replacement(self, before: Card, upload: Upload, name: str) -> None:
        """Wait for a new photo; the old one goes only when the new one can be seen."""

        def is_wanted() -> bool:
            return not self._closed and self._board.card(before.id).state == "replacing"

        with self._telling(before):
            expected = self._expectation(upload, is_wanted=is_wanted)
            stored = expected.at_the_bucket()
            if not isinstance(stored, Thumbnail):
                self._keep(before, upload, name, stored)
                return
            deletion = self._stage.application.delete(before.upload.key)
            card = self._replacement(before, upload, name, deletion)
            self._board.change(before.id, lambda _: card)
            expected.is_wanted = self._expects(card)
            self._conclude(card, expected.at_the_edge(lambda: self.look(card.id)), expected)
            self._tell_times(card, expected)

    def sweep(self, photo_id: str, deletion: Deletion) -> None:
        """Take away what turned up after a photo was deleted while it was being resized."""
        with self._telling(self._board.card(photo_id)):
            sweeps = self._stage.application.wait_until_settled(deletion)
            if any(sweep.late_keys for sweep in sweeps):
                note = (
                    "It was deleted while it was being resized: a second look took the late thumbnail away."
                )
                self._board.change(photo_id, lambda card: replace(card, note=note))

    def look(self, photo_id: str) -> Look:
        """Ask the edge for a photo's thumbnail, and write its answer on the card."""
        card = self._board.card(photo_id)
        answer = self._stage.browser.get(card.address)
        look = Look(
            after_seconds=answer.asked_seconds - card.upload.started_seconds,
            took_seconds=answer.answered_seconds - answer.asked_seconds,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
        )
        # Not if the photo has meanwhile been replaced: it was asked for at its old address.
        self._board.change(photo_id, lambda now: with_look(now, look) if now.address == card.address else now)
        self._facts.publish()
        return look

    def _expects(self, card: Card) -> Callable[[], bool]:
        def is_wanted() -> bool:
            now = self._board.card(card.id)
            return not self._closed and now.state in EXPECTING and now.upload == card.upload

        return is_wanted

    def _expectation(self, upload: Upload, *, is_wanted: Callable[[], bool]) -> Expectation:
        return Expectation(self._stage.application, self._stage.deployment, upload, is_wanted=is_wanted)

    def _conclude(self, card: Card, outcome: End, expected: Expectation) -> None:
        if outcome in {"gone", "seen"}:
            return
        if isinstance(outcome, Refusal):
            changes: dict[str, Any] = {"state": "refused", "reason": outcome.reason}
        else:
            found = outcome if isinstance(outcome, Diagnosis) else expected.diagnosis()
            changes = {"state": "failed", "reason": found.sentence, "details": found.found}
        self._board.change(card.id, lambda now: replace(now, **changes) if now.state in EXPECTING else now)

    def _keep(self, before: Card, upload: Upload, name: str, outcome: End) -> None:
        # Nobody has any use for it.
        self._stage.application.delete(upload.key)
        reason = outcome.reason if isinstance(outcome, Refusal) else "its thumbnail did not come"
        note = f"{name} was not taken: {reason}. What was there stays."
        self._board.change(before.id, lambda now: replace(now, state=before.state, note=note))

    def _replacement(self, before: Card, upload: Upload, name: str, deletion: Deletion) -> Card:
        told = deletion.invalidation.id if deletion.invalidation else None
        return Card(
            id=before.id,
            number=before.number,
            name=name,
            upload=upload,
            address=self._stage.application.thumbnail_url(upload.key),
            content_type=content_type_of(upload.key),
            asking="bucket",
            remembered_seconds=before.remembered_seconds,
            in_bucket=True,
            note="Replaced: the new photo has an address of its own, so no cache can show the old one there. "
            f"The old one is deleted, and forgotten by the edge (invalidation {told}).",
        )

    def _tell_times(self, card: Card, expected: Expectation) -> None:
        looks = self._board.card(card.id).looks
        observed = observe(self._stage, expected, looks)
        self._board.change(
            card.id, lambda now: with_times(now, observed) if now.upload == card.upload else now
        )

    @contextlib.contextmanager
    def _telling(self, card: Card) -> Iterator[None]:
        # The border of a thread: what goes wrong in it is told on the card.
        try:
            yield
        except (BotoCoreError, ClientError, HTTPError, ThumbrigError) as exc:
            if self._closed:
                return
            reason = str(exc)
            self._board.change(card.id, lambda now: replace(now, state="failed", reason=reason))
