"""Every rule of the gate, and where it begins to hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.gate.compare import (
    OtherBuildError,
    OtherFunctionError,
    OtherPicturesError,
    compare,
    fell,
    grew,
)
from benchmarks.gate.snapshot import Observation, Provenance, ThumbnailFigures
from benchmarks.gate.verdict import Check, GateStatus, Metric, Verdict
from tests.benchmarks.gate.builders import HERE, MB, baseline, observation, provenance, thumbnail


def _statuses(verdict: Verdict) -> dict[str, GateStatus]:
    return {entry.name: entry.status for entry in verdict.pictures}


def _whole(verdict: Verdict, metric: Metric) -> Check:
    return next(check for check in verdict.whole if check.metric is metric)


def _regressed(verdict: Verdict) -> list[Metric]:
    return [check.metric for entry in verdict.pictures for check in entry.regressions]


@pytest.mark.parametrize(
    ("then", "now", "percent", "expected"),
    [
        pytest.param(1000, 1050, 5, False, id="exactly-at-the-limit"),
        pytest.param(1000, 1051, 5, True, id="a-byte-beyond"),
        pytest.param(1000, 900, 5, False, id="smaller"),
        pytest.param(1000, 1000, 0, False, id="unchanged-at-no-tolerance"),
        pytest.param(1000, 1001, 0, True, id="a-byte-at-no-tolerance"),
        pytest.param(0, 0, 5, False, id="zero-stays-zero"),
        pytest.param(0, 1, 5, True, id="something-from-zero"),
        pytest.param(1000, 1011, 1.1, False, id="exactly-at-a-limit-that-floats-miss"),
        pytest.param(1000, 1012, 1.1, True, id="beyond-a-limit-that-floats-miss"),
    ],
)
def test_growth_is_a_regression_beyond_the_limit(
    then: int, now: int, percent: float, *, expected: bool
) -> None:
    assert grew(then, now, limit_percent=percent) is expected


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        pytest.param(70.0, 69.0, False, id="exactly-at-the-limit"),
        pytest.param(70.0, 68.9999, True, id="a-little-beyond"),
        pytest.param(57.3, 56.3, False, id="exactly-at-the-limit-in-floats"),
        pytest.param(70.0, 75.0, False, id="better"),
        pytest.param(0.0, -1.0, False, id="at-the-limit-below-zero"),
        pytest.param(-5.0, -6.1, True, id="beyond-it-below-zero"),
    ],
)
def test_a_score_regresses_when_it_falls_by_more_than_a_point(
    then: float, now: float, *, expected: bool
) -> None:
    assert fell(then, now, limit_points=1) is expected


def test_the_gate_holds_what_did_not_change() -> None:
    verdict = compare(baseline(), observation())

    assert not verdict.red
    assert not verdict.better
    assert _statuses(verdict) == {"a.jpg": GateStatus.HELD}
    assert verdict.changes == ()
    assert verdict.not_compared == {}


@pytest.mark.parametrize(
    ("now", "metric"),
    [
        pytest.param(thumbnail(size_bytes=1051), Metric.BYTES, id="bytes"),
        pytest.param(thumbnail(score=68.5), Metric.SCORE, id="score"),
        pytest.param(thumbnail(size=(150, 149)), Metric.PIXELS, id="pixel-size"),
        pytest.param(thumbnail(size=(300, 300)), Metric.PIXELS, id="larger-pixel-size"),
    ],
)
def test_the_gate_is_red_when_a_thumbnail_gets_worse(now: ThumbnailFigures, metric: Metric) -> None:
    verdict = compare(baseline(), observation({"a.jpg": now}))

    assert verdict.red
    assert _regressed(verdict) == [metric]


def test_the_gate_is_red_when_the_whole_set_grows_though_no_picture_does_by_much() -> None:
    then = {name: thumbnail(name, size_bytes=1000) for name in ("a.jpg", "b.jpg")}
    now = {name: thumbnail(name, size_bytes=1021) for name in ("a.jpg", "b.jpg")}

    verdict = compare(baseline(observation(then)), observation(now))

    assert verdict.red
    assert set(_statuses(verdict).values()) == {GateStatus.HELD}
    assert [check.metric for check in verdict.regressions] == [Metric.BYTES]


def test_the_whole_set_holds_at_exactly_its_limit() -> None:
    verdict = compare(baseline(), observation({"a.jpg": thumbnail(size_bytes=1020)}))

    assert not verdict.red


def test_the_gate_is_red_when_a_picture_needs_more_memory() -> None:
    at_limit = compare(baseline(), observation(peak_bytes={"a.jpg": 44 * MB}))
    beyond = compare(baseline(), observation(peak_bytes={"a.jpg": 44 * MB + 1}))

    assert not at_limit.red
    assert _regressed(beyond) == [Metric.MEMORY]


def test_memory_of_another_environment_is_not_compared_and_the_reason_is_given() -> None:
    elsewhere = replace(HERE, limiter="watchdog")

    verdict = compare(baseline(), observation(peak_bytes={"a.jpg": 400 * MB}, environment=elsewhere))

    assert not verdict.red
    assert list(verdict.not_compared) == [Metric.MEMORY]
    assert "cgroup-v2" in verdict.not_compared[Metric.MEMORY]
    assert "watchdog" in verdict.not_compared[Metric.MEMORY]


def test_a_picture_whose_peak_was_zero_has_no_memory_to_compare() -> None:
    verdict = compare(baseline(observation(peak_bytes={"a.jpg": 0})), observation())

    assert Metric.MEMORY not in {check.metric for entry in verdict.pictures for check in entry.checks}


def test_the_gate_is_red_when_the_package_grows_by_more_than_five_percent() -> None:
    at_limit = compare(baseline(), observation(package_bytes=52_500_000))
    beyond = compare(baseline(), observation(package_bytes=52_500_001))

    assert not at_limit.red
    assert [check.metric for check in beyond.regressions] == [Metric.PACKAGE]


@pytest.mark.parametrize(
    ("then", "now", "reason"),
    [
        pytest.param(
            observation({"a.jpg": thumbnail(), "b.jpg": thumbnail("b.jpg")}),
            observation(),
            "the picture is no longer in the set",
            id="a-picture-that-is-gone",
        ),
        pytest.param(
            observation(),
            observation({"a.jpg": thumbnail(), "b.jpg": thumbnail("b.jpg")}),
            "a new picture without a baseline",
            id="a-new-picture",
        ),
        pytest.param(
            observation({"a.jpg": thumbnail(), "b.jpg": thumbnail("b.jpg")}),
            observation(without_thumbnail={"b.jpg": "out of memory"}),
            "no thumbnail: out of memory",
            id="a-picture-that-fails-now",
        ),
        pytest.param(
            observation(),
            observation(without_thumbnail={"b.jpg": "refused: DamagedImage"}),
            "no thumbnail: refused: DamagedImage",
            id="a-new-picture-that-fails",
        ),
        pytest.param(
            observation({"a.jpg": thumbnail(), "b.jpg": thumbnail("b.jpg")}),
            observation({"a.jpg": thumbnail(), "b.jpg": thumbnail("b.jpg", original="edited")}),
            "the picture itself was edited: its baseline is another picture's",
            id="an-edited-picture",
        ),
    ],
)
def test_a_picture_with_one_side_only_is_missing(then: Observation, now: Observation, reason: str) -> None:
    verdict = compare(baseline(then), now)

    assert verdict.red
    assert _statuses(verdict) == {"a.jpg": GateStatus.HELD, "b.jpg": GateStatus.MISSING}
    assert verdict.pictures[1].reason == reason


def test_a_missing_picture_does_not_count_in_the_whole_set() -> None:
    then = observation({"a.jpg": thumbnail(), "b.jpg": thumbnail("b.jpg", size_bytes=9000)})

    verdict = compare(baseline(then), observation({"a.jpg": thumbnail(size_bytes=1021)}))

    assert _whole(verdict, Metric.BYTES).then == 1000
    assert _whole(verdict, Metric.BYTES).regressed


def test_without_any_picture_to_compare_only_the_package_is_held() -> None:
    then = observation({"a.jpg": thumbnail()})

    verdict = compare(baseline(then), observation({"a.jpg": thumbnail(original="edited")}))

    assert [check.metric for check in verdict.whole] == [Metric.PACKAGE]


def test_fewer_bytes_bought_with_a_lower_score_are_called_so() -> None:
    verdict = compare(baseline(), observation({"a.jpg": thumbnail(size_bytes=600, score=60.0)}))

    assert verdict.red
    assert verdict.pictures[0].bought


def test_a_lower_score_within_the_limit_is_not_called_bought() -> None:
    verdict = compare(baseline(), observation({"a.jpg": thumbnail(size_bytes=600, score=69.5)}))

    assert not verdict.red
    assert not verdict.pictures[0].bought
    assert not verdict.better


@pytest.mark.parametrize(
    ("now", "better"),
    [
        pytest.param(thumbnail(size_bytes=900), True, id="fewer-bytes"),
        pytest.param(thumbnail(score=71.0), True, id="higher-score"),
        pytest.param(thumbnail(size_bytes=900, score=71.0), True, id="both"),
        pytest.param(thumbnail(size_bytes=1010, score=75.0), False, id="higher-score-for-more-bytes"),
        pytest.param(thumbnail(size_bytes=900, score=69.99), False, id="fewer-bytes-for-a-lower-score"),
    ],
)
def test_better_in_all_is_said(now: ThumbnailFigures, *, better: bool) -> None:
    verdict = compare(baseline(), observation({"a.jpg": now}))

    assert not verdict.red
    assert verdict.better is better


def test_nothing_is_called_better_while_a_picture_is_missing() -> None:
    now = observation({"a.jpg": thumbnail(size_bytes=500)}, without_thumbnail={"b.jpg": "timed out"})

    assert not compare(baseline(), now).better


def test_a_picture_may_have_thresholds_of_its_own() -> None:
    generous = replace(baseline(), picture_thresholds={"a.jpg": {"bytes_percent": 20.0}})
    now = observation({"a.jpg": thumbnail(size_bytes=1200), "b.jpg": thumbnail("b.jpg")})

    verdict = compare(generous, now)

    assert _statuses(verdict)["a.jpg"] is GateStatus.HELD


def test_a_baseline_of_another_function_cannot_judge() -> None:
    with pytest.raises(
        OtherFunctionError, match="expected a baseline of function 'mine', got one of 'resizer'"
    ):
        compare(baseline(), observation(function=provenance(name="mine")))


def test_a_baseline_of_entirely_other_pictures_cannot_judge() -> None:
    with pytest.raises(OtherPicturesError, match="--images"):
        compare(baseline(), observation({"other.jpg": thumbnail("other.jpg")}))


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(provenance(build="another"), id="of-the-same-pins"),
        pytest.param(
            provenance(build="another", platform="linux glibc arm64", requirements=("Pillow==12.0.0",)),
            id="for-another-processor-and-of-other-pins",
        ),
    ],
)
def test_another_build_cannot_be_judged_when_it_makes_other_thumbnails(function: Provenance) -> None:
    now = observation({"a.jpg": thumbnail(size_bytes=1001)}, function=function)

    with pytest.raises(OtherBuildError, match="got another"):
        compare(baseline(), now)


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(observation(function=provenance(build="another")), id="which-makes-the-same-thumbnails"),
        pytest.param(
            observation(
                {"a.jpg": thumbnail(size_bytes=1001)},
                function=provenance(build="another", requirements=("Pillow==12.0.0",)),
            ),
            id="of-other-pins",
        ),
        pytest.param(
            observation({"a.jpg": thumbnail(size_bytes=1001)}), id="but-the-same-build-makes-other-thumbnails"
        ),
    ],
)
def test_another_build_is_judged(now: Observation) -> None:
    assert compare(baseline(), now).pictures[0].status is GateStatus.HELD


def test_the_worst_picture_comes_first() -> None:
    then = {name: thumbnail(name) for name in ("a.jpg", "b.jpg", "c.jpg")}
    now = {
        "a.jpg": thumbnail("a.jpg", size_bytes=1100),
        "b.jpg": thumbnail("b.jpg", score=40.0),
        "c.jpg": thumbnail("c.jpg", size_bytes=1500),
    }

    verdict = compare(baseline(observation(then)), observation(now))

    assert [entry.name for entry in verdict.worst_first()] == ["b.jpg", "c.jpg", "a.jpg"]
