from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.tuning.outcome import Outcome, front, without_twins
from resizer.switches import Switches
from tests.benchmarks.tuning.builders import outcome, setting, trial


def test_means_are_over_the_pictures_and_the_cpu_ratio_over_their_sums() -> None:
    both = Outcome(setting=setting(), trials={"a": trial(1000, 50, 1.0), "b": trial(3000, 70, 3.0)})

    assert (both.mean_bytes, both.mean_score, both.cpu_ratio) == (2000, 60, 2.0)


def test_what_another_beats_in_bytes_and_score_is_not_on_the_front() -> None:
    best, small, beaten = outcome(80, 5000, 70), outcome(60, 3000, 50), outcome(70, 5000, 60)

    assert front([beaten, best, small]) == [small, best]


def test_of_two_that_are_alike_the_quicker_one_is_on_the_front() -> None:
    slow, quick = outcome(80, 5000, 70, cpu=2.0), outcome(81, 5000, 70, cpu=0.5)

    assert front([slow, quick]) == [quick]


def test_of_settings_with_the_same_files_the_plainest_stays() -> None:
    plain, twin = outcome(80, 5000, 70), outcome(80, 5000, 70)
    switched = replace(
        twin,
        setting=replace(twin.setting, encoding=replace(twin.setting.encoding, switches=Switches(passes=2))),
    )

    assert without_twins([switched, plain]) == [plain]


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=40))
def test_everything_is_on_the_front_or_beaten_by_something_on_it(pairs: list[tuple[int, int]]) -> None:
    outcomes = [outcome(number, *pair) for number, pair in enumerate(pairs)]

    found = front(outcomes)

    sizes, scores = [one.mean_bytes for one in found], [one.mean_score for one in found]
    assert sizes == sorted(set(sizes))
    assert scores == sorted(set(scores))
    for one in outcomes:
        assert any(best.mean_bytes <= one.mean_bytes and best.mean_score >= one.mean_score for best in found)
