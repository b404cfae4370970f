from __future__ import annotations

import pytest

from benchmarks.tuning.aim import Aim, Goal, ranked
from benchmarks.tuning.savings import Traffic
from tests.benchmarks.tuning.builders import outcome

_TODAY = outcome(85, 5000, 60.0)
_SMALLER = outcome(80, 4500, 60.0, cpu=0.9)
_SMALLEST_BUT_SLOW = outcome(75, 4000, 61.0, cpu=2.0)
_SMALLEST_BUT_WORSE = outcome(60, 3000, 50.0, cpu=0.5)
_BETTER = outcome(90, 5000, 65.0, cpu=1.0)
_BEST_BUT_LARGER = outcome(95, 8000, 75.0, cpu=1.0)
_ALL = [_TODAY, _SMALLER, _SMALLEST_BUT_SLOW, _SMALLEST_BUT_WORSE, _BETTER, _BEST_BUT_LARGER]


def _aim(goal: Goal, *, views: int = 1000, uploads: int = 1000, score: float | None = None) -> Aim:
    traffic = Traffic(views=views, uploads=uploads)
    return Aim(goal=goal, today=_TODAY, traffic=traffic, target_score=score)


def test_fewest_bytes_are_picked_at_no_less_quality_and_no_more_cpu() -> None:
    assert ranked(_aim(Goal.BYTES), _ALL)[0] is _SMALLER


def test_best_quality_is_picked_in_no_more_bytes_and_no_more_cpu() -> None:
    assert ranked(_aim(Goal.QUALITY), _ALL)[0] is _BETTER


def test_least_cost_is_bytes_for_who_has_views_and_cpu_for_who_has_uploads() -> None:
    seen = _aim(Goal.COST, views=10**9, uploads=1)
    made = _aim(Goal.COST, views=1, uploads=10**9)

    assert ranked(seen, _ALL)[0] is _SMALLEST_BUT_SLOW
    assert ranked(made, _ALL)[0] is _SMALLER


def test_a_wanted_score_is_reached_with_the_fewest_bytes() -> None:
    assert ranked(_aim(Goal.SCORE, score=64), _ALL)[0] is _BETTER
    assert ranked(_aim(Goal.SCORE, score=45), _ALL)[0] is _SMALLEST_BUT_WORSE


def test_a_score_that_takes_more_cpu_is_reached_with_the_least_of_it() -> None:
    slow, slower = outcome(96, 9000, 80.0, cpu=3.0), outcome(97, 8500, 80.0, cpu=9.0)

    assert ranked(_aim(Goal.SCORE, score=79), [*_ALL, slower, slow]) == [slow, slower]


def test_a_score_that_nothing_reaches_gives_no_pick() -> None:
    assert ranked(_aim(Goal.SCORE, score=99), _ALL) == []


def test_cpu_time_of_few_rounds_is_not_taken_strictly_until_it_is_measured_again() -> None:
    near = outcome(75, 3999, 61.0, cpu=1.05)

    assert ranked(_aim(Goal.BYTES), [*_ALL, near])[0] is near
    assert not _aim(Goal.BYTES).allows(near)


def test_no_more_cpu_is_less_by_more_than_the_measurement_s_own_spread() -> None:
    aim = _aim(Goal.BYTES)

    assert not aim.allows(outcome(75, 3999, 61.0, cpu=0.99))
    assert aim.allows(outcome(75, 3999, 61.0, cpu=0.97))
    assert aim.allows(_TODAY)


@pytest.mark.parametrize("goal", [Goal.BYTES, Goal.QUALITY, Goal.COST])
def test_today_s_setting_itself_always_will_do(goal: Goal) -> None:
    assert ranked(_aim(goal), [_TODAY]) == [_TODAY]
