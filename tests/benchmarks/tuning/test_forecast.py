from __future__ import annotations

from benchmarks.tuning.forecast import forecast
from benchmarks.tuning.outcome import Outcome
from tests.benchmarks.tuning.builders import setting, trial

_TODAY = Outcome(setting=setting(85), trials={"a.jpg": trial(1000, 60.0), "b.jpg": trial(2000, 70.0)})


def _other(a: tuple[int, float], b: tuple[int, float]) -> Outcome:
    return Outcome(setting=setting(80), trials={"a.jpg": trial(*a), "b.jpg": trial(*b)})


def test_fewer_bytes_and_a_better_score_are_green_and_a_new_baseline() -> None:
    told = forecast(_TODAY, _other((900, 60.5), (1900, 70.5)))

    assert told.startswith("green and better (bytes -6.7 %, mean score +0.5 over 2 pictures)")
    assert told.endswith("take it as the new baseline with --accept")


def test_a_picture_that_falls_by_more_than_a_point_is_red_and_named() -> None:
    told = forecast(_TODAY, _other((900, 65.0), (1900, 68.9)))

    assert told.startswith("red (")
    assert told.endswith("the score falls by more than 1 for b.jpg")


def test_a_picture_that_grows_by_more_than_five_percent_is_red_and_named() -> None:
    told = forecast(_TODAY, _other((1051, 61.0), (1900, 71.0)))

    assert told.endswith("bytes grow by more than 5 % for a.jpg")


def test_the_whole_set_is_red_where_no_single_picture_is() -> None:
    assert "bytes of the whole set grow" in forecast(_TODAY, _other((1040, 60.0), (2080, 70.0)))


def test_what_stays_within_the_limits_is_green() -> None:
    assert forecast(_TODAY, _other((1000, 59.5), (2000, 69.5))).startswith("green (")
