from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.demo.card import headline, with_look

if TYPE_CHECKING:
    from harness.demo.card import Card, State
    from tests.harness.demo.conftest import Looks


def test_a_picture_from_the_edge_makes_a_photo_ready(card: Card, looks: Looks) -> None:
    ready = with_look(card, looks.picture(after_seconds=0.08))

    assert (ready.state, ready.looks_in_vain) == ("ready", 0)
    assert ready.visible_seconds == pytest.approx(0.1)
    assert headline(ready) == "There after 100 ms."


def test_a_403_makes_a_photo_wait_and_says_for_how_long_it_is_kept(card: Card, looks: Looks) -> None:
    waiting = with_look(card, looks.missing())

    assert waiting.state == "waiting"
    assert headline(waiting) == "Not there yet: the edge answers 403, and keeps that answer for 10 s."


def test_a_remembered_403_is_told_apart_from_a_missing_thumbnail(card: Card, looks: Looks) -> None:
    waiting = with_look(replace(card, in_bucket=True), looks.missing())

    assert headline(waiting).startswith("In the bucket, but the edge was asked too early")


def test_a_late_picture_says_how_often_the_edge_was_asked_in_vain(card: Card, looks: Looks) -> None:
    for seconds in range(3):
        card = with_look(card, looks.missing(after_seconds=seconds))
    ready = with_look(card, looks.picture(after_seconds=10.5))

    assert headline(ready) == "There after 10.5 s. Until then the edge was asked 3 times in vain."


@pytest.mark.parametrize("state", ["ready", "refused", "failed", "replacing", "deleted"])
def test_only_what_is_still_expected_becomes_ready_by_a_look(card: Card, looks: Looks, state: State) -> None:
    looked = with_look(replace(card, state=state), looks.picture())

    assert looked.state == state
    assert looked.last_look is not None


def test_looks_are_numbered_and_only_the_last_forty_are_kept(card: Card, looks: Looks) -> None:
    for _ in range(45):
        card = with_look(card, looks.missing())

    assert [look.number for look in card.looks] == list(range(6, 46))
    assert card.looks_made == 45


def test_a_refusal_is_told_in_the_functions_own_words(card: Card) -> None:
    refused = replace(card, state="refused", reason="expected JPEG, got {text}")

    assert headline(refused) == "The function refused it: expected JPEG, got {text}."


def test_json_has_cloudfronts_headers_and_no_body(card: Card, looks: Looks) -> None:
    told = json.loads(json.dumps(with_look(card, looks.missing()).to_json()))

    assert told["looks"][0]["headers"] == {"x-cache": "Error from cloudfront"}
    assert told["looks"][0]["bytes"] == 4
    assert told["thumbnail"] == {
        "look": 1,
        "status": 403,
        "is_picture": False,
        "bytes": 4,
        "content_type": "application/xml",
    }
