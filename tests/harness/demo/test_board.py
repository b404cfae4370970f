from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.demo.board import Board, NoSuchPhotoError

if TYPE_CHECKING:
    from harness.demo.card import Card


def test_changes_of_several_threads_are_all_kept_and_told_in_their_order(card: Card) -> None:
    told: list[Card] = []
    board = Board(told.append)
    board.put(card)

    def count(_: int) -> None:
        board.change(card.id, lambda now: replace(now, looks_made=now.looks_made + 1))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(200)))

    assert board.card(card.id).looks_made == 200
    assert [one.version for one in told] == list(range(201))


def test_what_changes_nothing_is_not_told(card: Card) -> None:
    told: list[Card] = []
    board = Board(told.append)
    board.put(card)
    board.change(card.id, lambda now: replace(now, note=""))

    assert told == [card]


def test_an_unknown_photo_is_refused(card: Card) -> None:
    board = Board(lambda _: None)
    board.put(card)

    with pytest.raises(NoSuchPhotoError, match="no photo 'x'"):
        board.card("x")
