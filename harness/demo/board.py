"""The photos of one run: changed from several threads, told to the page in the order of their changes."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.demo.card import Card


class NoSuchPhotoError(ThumbrigError):
    """Raised when the page names a photo that the demo does not have."""

    def __init__(self, photo_id: str) -> None:
        super().__init__(f"no photo {photo_id!r}: expected one of this run of the demo; load the page again")


class Board:
    """Cards by their ids; `told` hears of each change."""

    def __init__(self, told: Callable[[Card], None]) -> None:
        self._told = told
        self._lock = threading.Lock()
        self._cards: dict[str, Card] = {}

    def put(self, card: Card) -> None:
        """Add a card."""
        with self._lock:
            self._cards[card.id] = card
            self._told(card)

    def card(self, photo_id: str) -> Card:
        """Give the card as it is now; raises NoSuchPhotoError."""
        with self._lock:
            return self._found(photo_id)

    def cards(self) -> list[Card]:
        """Give all, the oldest first."""
        with self._lock:
            return list(self._cards.values())

    def change(self, photo_id: str, change: Callable[[Card], Card]) -> Card:
        """Change a card; what `change` is given nobody else changes meanwhile."""
        with self._lock:
            before = self._found(photo_id)
            after = change(before)
            if after == before:
                return before
            after = replace(after, version=before.version + 1)
            self._cards[photo_id] = after
            self._told(after)
            return after

    def _found(self, photo_id: str) -> Card:
        if photo_id not in self._cards:
            raise NoSuchPhotoError(photo_id)
        return self._cards[photo_id]
