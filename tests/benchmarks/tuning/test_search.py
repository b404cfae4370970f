"""The search, on a landscape whose best place is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from benchmarks.tuning import search, space
from benchmarks.tuning.aim import Aim, Goal, ranked
from benchmarks.tuning.outcome import Outcome
from benchmarks.tuning.savings import Traffic
from benchmarks.tuning.setting import today
from resizer.formats import OutputFormat
from resizer.switches import Preset
from tests.benchmarks.tuning.builders import trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.tuning.setting import Setting

_WEBP = (OutputFormat.WEBP,)


class Landscape:
    """Quality costs bytes; sharp YUV, the drawing preset and a filter of 5 make them count for more."""

    def __init__(self) -> None:
        self.asked: list[Setting] = []
        self.stages: list[str] = []

    def __call__(self, settings: Sequence[Setting], /, *, stage: str) -> list[Outcome]:
        """Give what each setting would be worth."""
        self.asked += settings
        self.stages.append(stage)
        return [self.outcome(setting) for setting in settings]

    def outcome(self, setting: Setting) -> Outcome:
        """Give what a setting would be worth."""
        switches, effort = setting.encoding.switches, setting.encoding.effort
        gain = 3.0 * switches.sharp_yuv + 2.0 * (switches.preset is Preset.DRAWING)
        gain += 1.5 * (switches.filter_strength == 5) + 0.5 * effort
        score = 60 + (setting.encoding.quality - 85) * 0.5 + gain - 3.0
        size = 5000 * math.exp(0.03 * (setting.encoding.quality - 85))
        cpu = 0.4 + 0.1 * effort + 0.1 * switches.passes - 0.1
        return Outcome(setting=setting, trials={"me.jpg": trial(round(size), score, cpu)})


def _found(depth: search.Depth = search.USUAL) -> tuple[Landscape, Outcome]:
    landscape = Landscape()
    now = landscape.outcome(today())
    outcomes = search.search(landscape, _WEBP, today=now, score=now.mean_score, depth=depth)
    aim = Aim(goal=Goal.BYTES, today=now, traffic=Traffic(views=1, uploads=1))
    return landscape, ranked(aim, outcomes)[0]


def test_the_search_finds_the_best_place_without_trying_everything() -> None:
    landscape, pick = _found()
    switches = pick.setting.encoding.switches

    assert (switches.sharp_yuv, switches.preset, switches.filter_strength) == (True, Preset.DRAWING, 5)
    # 6.5 points of gain at half a point for a step of quality.
    assert pick.setting.encoding.quality == 85 - 13
    assert len(landscape.asked) < 1000


def test_nothing_is_tried_twice() -> None:
    landscape, _ = _found()

    assert len(set(landscape.asked)) == len(landscape.asked)
    assert today() not in landscape.asked


def test_the_search_goes_from_the_grid_to_ever_closer_rounds() -> None:
    landscape, _ = _found()

    assert landscape.stages[0] == "coarse grid"
    assert landscape.asked[: len(space.coarse(OutputFormat.WEBP))] == space.coarse(OutputFormat.WEBP)
    assert landscape.stages[1].startswith("closer, round 1 of at most ")


def test_a_quick_search_tries_far_less() -> None:
    quick, usual = _found(search.QUICK)[0], _found()[0]

    assert len(quick.asked) < len(usual.asked) / 3


@pytest.mark.parametrize("score", [50.0, 70.0])
def test_a_wanted_score_is_searched_where_it_is(score: float) -> None:
    landscape = Landscape()
    now = landscape.outcome(today())
    outcomes = search.search(landscape, _WEBP, today=now, score=score, depth=search.USUAL)
    aim = Aim(goal=Goal.SCORE, today=now, traffic=Traffic(views=1, uploads=1), target_score=score)

    assert ranked(aim, outcomes)[0].mean_score == pytest.approx(score, abs=0.5)
