from __future__ import annotations

import io
import math
from collections.abc import Sequence

import pytest
from PIL import Image

from benchmarks.tuning import search
from benchmarks.tuning.aim import Aim, Goal, Traffic, TriedSetting, ranked
from benchmarks.tuning.setting import Setting, encode, of_profile, of_variables, today
from benchmarks.tuning.trial import Pixels
from resizer.formats import OutputFormat
from resizer.profiles import PROFILES
from resizer.switches import Preset
from tests.benchmarks.tuning.builders import trial

_WEBP = (OutputFormat.WEBP,)


class Landscape:
    """Quality costs bytes; sharp YUV, the drawing preset and a filter of 5 make them count for more."""

    def __init__(self) -> None:
        self.asked: list[Setting] = []
        self.stages: list[str] = []

    def __call__(self, settings: Sequence[Setting], stage: str, /) -> list[TriedSetting]:
        """Return what each setting would be worth."""
        self.asked += settings
        self.stages.append(stage)
        return [self.tried(setting) for setting in settings]

    def tried(self, setting: Setting) -> TriedSetting:
        """Return what a setting would be worth."""
        switches, effort = setting.encoding.switches, setting.encoding.effort
        gain = 3.0 * switches.sharp_yuv + 2.0 * (switches.preset is Preset.DRAWING)
        gain += 1.5 * (switches.filter_strength == 5) + 0.5 * effort
        score = 60 + (setting.encoding.quality - 85) * 0.5 + gain - 3.0
        size = 5000 * math.exp(0.03 * (setting.encoding.quality - 85))
        cpu = 0.4 + 0.1 * effort + 0.1 * switches.passes - 0.1
        return TriedSetting(setting=setting, trials={"me.jpg": trial(round(size), score, cpu)})


def _found(*, quick: bool = False) -> tuple[Landscape, TriedSetting]:
    landscape = Landscape()
    now = landscape.tried(today())
    found = search.search(landscape, _WEBP, today=now, score=now.mean_score, quick=quick)
    aim = Aim(goal=Goal.BYTES, today=now, traffic=Traffic(views=1, uploads=1))
    return landscape, ranked(aim, found)[0]


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
    assert landscape.asked[: len(search.coarse(OutputFormat.WEBP))] == search.coarse(OutputFormat.WEBP)
    assert landscape.stages[1].startswith("closer, round 1 of at most ")


def test_a_quick_search_tries_far_less() -> None:
    quick, usual = _found(quick=True)[0], _found()[0]

    assert len(quick.asked) < len(usual.asked) / 3


@pytest.mark.parametrize("score", [50.0, 70.0])
def test_a_wanted_score_is_searched_where_it_is(score: float) -> None:
    landscape = Landscape()
    now = landscape.tried(today())
    found = search.search(landscape, _WEBP, today=now, score=score)
    aim = Aim(goal=Goal.SCORE, today=now, traffic=Traffic(views=1, uploads=1), target_score=score)

    assert ranked(aim, found)[0].mean_score == pytest.approx(score, abs=0.5)


every_format = pytest.mark.parametrize("output", list(OutputFormat))


@every_format
@pytest.mark.parametrize("quick", [False, True])
def test_every_setting_of_the_space_is_one_that_the_function_takes(
    output: OutputFormat, *, quick: bool
) -> None:
    grid = search.coarse(output, quick=quick)

    assert len(set(grid)) == len(grid)
    for setting in grid:
        assert of_variables(setting.variables) == setting
        for other in search.neighbours(setting, quality_step=4):
            assert of_variables(other.variables) == other


@every_format
def test_neighbours_differ_in_one_thing_and_never_are_the_setting_itself(output: OutputFormat) -> None:
    setting = search.coarse(output)[0]

    for other in search.neighbours(setting, quality_step=1):
        changed = setting.variables.items() ^ other.variables.items()
        assert len({name for name, _ in changed}) == 1


@every_format
def test_no_setting_leaves_its_format_s_range(output: OutputFormat) -> None:
    seen = {search.coarse(output)[0]}
    for _ in range(3):
        seen |= {other for one in seen for other in search.neighbours(one, quality_step=20)}

    assert all(20 <= one.encoding.quality <= 98 for one in seen)
    assert all(0 <= one.encoding.effort <= 6 for one in seen)


@pytest.mark.parametrize("name", list(PROFILES))
def test_a_profile_is_written_as_it_is_read(name: str) -> None:
    assert of_profile(name).variables == PROFILES[name]


def test_today_s_setting_is_the_contract_s() -> None:
    assert today().label == "webp q85 e6"


def test_what_the_preset_says_already_is_not_tried_again() -> None:
    variables = {"format": "webp", "quality": "70", "effort": "0", "preset": "text"}
    data = Image.radial_gradient("L").resize((60, 60)).convert("RGB")
    pixels = Pixels(mode="RGB", size=data.size, data=data.tobytes())
    tried = list(search.neighbours(of_variables(variables), quality_step=1))

    for twin in ({"sns_strength": "0"}, {"filter_strength": "0"}, {"filter_sharpness": "6"}):
        setting = of_variables(variables | twin)
        files = [encode(one, pixels) for one in (setting, of_variables(variables))]
        assert len(files[0]) == len(files[1])
        assert len({Image.open(io.BytesIO(file)).tobytes() for file in files}) == 1
        assert setting not in tried
