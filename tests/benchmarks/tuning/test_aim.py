from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench import prices
from benchmarks.tuning.aim import Aim, Goal, Traffic, TriedSetting, front, ranked, savings, without_twins
from resizer.switches import Switches
from tests.benchmarks.tuning.builders import setting, trial, tried

_TODAY = tried(85, 5000, 60.0)
_SMALLER = tried(80, 4500, 60.0, cpu=0.9)
_SMALLEST_BUT_SLOW = tried(75, 4000, 61.0, cpu=2.0)
_SMALLEST_BUT_WORSE = tried(60, 3000, 50.0, cpu=0.5)
_BETTER = tried(90, 5000, 65.0, cpu=1.0)
_BEST_BUT_LARGER = tried(95, 8000, 75.0, cpu=1.0)
_ALL = [_TODAY, _SMALLER, _SMALLEST_BUT_SLOW, _SMALLEST_BUT_WORSE, _BETTER, _BEST_BUT_LARGER]


def _aim(goal: Goal, *, views: int = 1000, uploads: int = 1000, score: float | None = None) -> Aim:
    traffic = Traffic(views=views, uploads=uploads)
    return Aim(goal=goal, today=_TODAY, traffic=traffic, target_score=score)


def test_fewest_bytes_are_picked_at_no_less_quality_and_no_more_cpu() -> None:
    assert ranked(_aim(Goal.BYTES), _ALL)[0] is _SMALLER


def test_best_quality_is_picked_in_no_more_bytes_and_no_more_cpu() -> None:
    assert ranked(_aim(Goal.QUALITY), _ALL)[0] is _BETTER


def test_least_cost_is_bytes_where_there_are_views_and_cpu_where_there_are_uploads() -> None:
    seen = _aim(Goal.COST, views=10**9, uploads=1)
    made = _aim(Goal.COST, views=1, uploads=10**9)

    assert ranked(seen, _ALL)[0] is _SMALLEST_BUT_SLOW
    assert ranked(made, _ALL)[0] is _SMALLER


def test_a_wanted_score_is_reached_with_the_fewest_bytes() -> None:
    assert ranked(_aim(Goal.SCORE, score=64), _ALL)[0] is _BETTER
    assert ranked(_aim(Goal.SCORE, score=45), _ALL)[0] is _SMALLEST_BUT_WORSE


def test_a_score_that_takes_more_cpu_is_reached_with_the_least_of_it() -> None:
    slow, slower = tried(96, 9000, 80.0, cpu=3.0), tried(97, 8500, 80.0, cpu=9.0)

    assert ranked(_aim(Goal.SCORE, score=79), [*_ALL, slower, slow]) == [slow, slower]


def test_a_score_that_nothing_reaches_gives_no_pick() -> None:
    assert ranked(_aim(Goal.SCORE, score=99), _ALL) == []


def test_cpu_time_of_few_rounds_is_not_taken_strictly_until_it_is_measured_again() -> None:
    near = tried(75, 3999, 61.0, cpu=1.05)

    assert ranked(_aim(Goal.BYTES), [*_ALL, near])[0] is near
    assert not _aim(Goal.BYTES).allows(near)


def test_no_more_cpu_is_less_by_more_than_the_measurement_s_own_spread() -> None:
    aim = _aim(Goal.BYTES)

    assert not aim.allows(tried(75, 3999, 61.0, cpu=0.99))
    assert aim.allows(tried(75, 3999, 61.0, cpu=0.97))
    assert aim.allows(_TODAY)


@pytest.mark.parametrize("goal", [Goal.BYTES, Goal.QUALITY, Goal.COST])
def test_today_s_setting_itself_always_will_do(goal: Goal) -> None:
    assert ranked(_aim(goal), [_TODAY]) == [_TODAY]


def test_means_are_over_the_pictures_and_the_cpu_ratio_over_their_sums() -> None:
    both = TriedSetting(setting=setting(), trials={"a": trial(1000, 50, 1.0), "b": trial(3000, 70, 3.0)})

    assert (both.mean_bytes, both.mean_score, both.cpu_ratio) == (2000, 60, 2.0)


def test_what_another_beats_in_bytes_and_score_is_not_on_the_front() -> None:
    best, small, beaten = tried(80, 5000, 70), tried(60, 3000, 50), tried(70, 5000, 60)

    assert front([beaten, best, small]) == [small, best]


def test_of_two_that_are_alike_the_quicker_one_is_on_the_front() -> None:
    slow, quick = tried(80, 5000, 70, cpu=2.0), tried(81, 5000, 70, cpu=0.5)

    assert front([slow, quick]) == [quick]


def test_of_settings_with_the_same_files_the_plainest_stays() -> None:
    plain, twin = tried(80, 5000, 70), tried(80, 5000, 70)
    switched = replace(
        twin,
        setting=replace(twin.setting, encoding=replace(twin.setting.encoding, switches=Switches(passes=2))),
    )

    assert without_twins([switched, plain]) == [plain]


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=40))
def test_everything_is_on_the_front_or_beaten_by_something_on_it(pairs: list[tuple[int, int]]) -> None:
    found = [tried(number, *pair) for number, pair in enumerate(pairs)]

    found = front(found)

    sizes, scores = [one.mean_bytes for one in found], [one.mean_score for one in found]
    assert sizes == sorted(set(sizes))
    assert scores == sorted(set(scores))
    for one in found:
        assert any(best.mean_bytes <= one.mean_bytes and best.mean_score >= one.mean_score for best in found)


def test_savings_are_delivery_for_views_and_computing_for_uploads() -> None:
    saved = savings(_TODAY, tried(75, 4000, 60.0, cpu=0.5), Traffic(views=1 << 30, uploads=1_000_000))

    assert (saved.bytes_per_thumbnail, saved.percent) == (1000, 20)
    assert saved.delivery_usd_a_month == pytest.approx(1000 * 0.085)
    # Half of 10 ms of CPU, at 512 of 1,769 MB, is 17.28 ms on the clock.
    assert saved.lambda_usd_a_month == pytest.approx(1e6 * 0.017275 * 0.5 * 0.0000166667, rel=1e-3)
    assert saved.usd_a_month == saved.delivery_usd_a_month + saved.lambda_usd_a_month


def test_more_bytes_and_more_cpu_are_savings_below_zero() -> None:
    saved = savings(_TODAY, tried(95, 6000, 70.0, cpu=2.0), Traffic(views=1000, uploads=1000))

    assert saved.percent == -20
    assert saved.delivery_usd_a_month < 0
    assert saved.lambda_usd_a_month < 0


def test_a_gigabyte_delivered_costs_what_cloudfront_s_price_list_says() -> None:
    assert prices.usd_of_delivery(1, size_bytes=1 << 30) == pytest.approx(0.085)
