from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness.demo.state import NoSuchPhotoError, Photo, Photos, State, headline, with_answer
from tests.harness.demo.conftest import Answers


def test_a_picture_from_the_edge_makes_a_photo_ready(photo: Photo, answers: Answers) -> None:
    ready = with_answer(photo, answers.picture(after_seconds=0.08))

    assert (ready.state, ready.answers_in_vain) == ("ready", 0)
    assert ready.visible_seconds == pytest.approx(0.1)
    assert headline(ready) == "There after 100 ms."


def test_a_403_makes_a_photo_wait_and_says_for_how_long_it_is_kept(photo: Photo, answers: Answers) -> None:
    waiting = with_answer(photo, answers.missing())

    assert waiting.state == "waiting"
    assert headline(waiting) == "Not there yet: the edge answers 403, and keeps that answer for 10 s."


def test_a_remembered_403_reads_otherwise_than_a_missing_thumbnail(photo: Photo, answers: Answers) -> None:
    waiting = with_answer(replace(photo, in_bucket=True), answers.missing())

    assert headline(waiting).startswith("In the bucket, but the edge was asked too early")


def test_a_late_picture_says_how_often_the_edge_was_asked_in_vain(photo: Photo, answers: Answers) -> None:
    for seconds in range(3):
        photo = with_answer(photo, answers.missing(after_seconds=seconds))
    ready = with_answer(photo, answers.picture(after_seconds=10.5))

    assert headline(ready) == "There after 10.5 s. Until then the edge was asked 3 times in vain."


@pytest.mark.parametrize("state", ["ready", "refused", "failed", "replacing", "deleted"])
def test_only_what_is_still_expected_becomes_ready_by_an_answer(
    photo: Photo, answers: Answers, state: State
) -> None:
    answered = with_answer(replace(photo, state=state), answers.picture())

    assert answered.state == state
    assert answered.answers


def test_answers_are_numbered_and_only_the_last_forty_are_kept(photo: Photo, answers: Answers) -> None:
    for _ in range(45):
        photo = with_answer(photo, answers.missing())

    assert [answer.number for answer in photo.answers] == list(range(6, 46))
    assert photo.answers_made == 45


def test_a_refusal_is_shown_in_the_functions_own_words(photo: Photo) -> None:
    refused = replace(photo, state="refused", reason="expected JPEG, got {text}")

    assert headline(refused) == "The function refused it: expected JPEG, got {text}."


def test_json_has_cloudfronts_headers_and_no_body(photo: Photo, answers: Answers) -> None:
    shown = json.loads(json.dumps(with_answer(photo, answers.missing()).to_json()))

    assert shown["answers"][0]["headers"] == {"x-cache": "Error from cloudfront"}
    assert shown["answers"][0]["bytes"] == 4
    assert shown["thumbnail"] == {
        "answer": 1,
        "status": 403,
        "is_picture": False,
        "bytes": 4,
        "content_type": "application/xml",
    }


def test_changes_of_several_threads_are_all_kept_and_passed_on_in_their_order(photo: Photo) -> None:
    changes: list[Photo] = []
    photos = Photos(changes.append)
    photos.add(photo)

    def count(_: int) -> None:
        photos.change(photo.id, lambda now: replace(now, answers_made=now.answers_made + 1))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(200)))

    assert photos.get(photo.id).answers_made == 200
    assert [one.version for one in changes] == list(range(201))


def test_what_changes_nothing_is_not_passed_on(photo: Photo) -> None:
    changes: list[Photo] = []
    photos = Photos(changes.append)
    photos.add(photo)
    photos.change(photo.id, lambda now: replace(now, note=""))

    assert changes == [photo]


def test_an_unknown_photo_is_refused(photo: Photo) -> None:
    photos = Photos(lambda _: None)
    photos.add(photo)

    with pytest.raises(NoSuchPhotoError, match="no photo 'x'"):
        photos.get("x")
