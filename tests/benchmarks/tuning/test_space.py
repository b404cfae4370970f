from __future__ import annotations

import io

import pytest
from PIL import Image

from benchmarks.tuning import space
from benchmarks.tuning.setting import encode, of_profile, of_variables, today
from benchmarks.tuning.trial import Pixels
from resizer.formats import OutputFormat
from resizer.profiles import PROFILES

every_format = pytest.mark.parametrize("output", list(OutputFormat))


@every_format
@pytest.mark.parametrize("quick", [False, True])
def test_every_setting_of_the_space_is_one_that_the_function_takes(
    output: OutputFormat, *, quick: bool
) -> None:
    grid = space.coarse(output, quick=quick)

    assert len(set(grid)) == len(grid)
    for setting in grid:
        assert of_variables(setting.variables) == setting
        for other in space.neighbours(setting, quality_step=4):
            assert of_variables(other.variables) == other


@every_format
def test_neighbours_differ_in_one_thing_and_never_are_the_setting_itself(output: OutputFormat) -> None:
    setting = space.coarse(output)[0]

    for other in space.neighbours(setting, quality_step=1):
        changed = setting.variables.items() ^ other.variables.items()
        assert len({name for name, _ in changed}) == 1


@every_format
def test_no_setting_leaves_its_format_s_range(output: OutputFormat) -> None:
    seen = {space.coarse(output)[0]}
    for _ in range(3):
        seen |= {other for one in seen for other in space.neighbours(one, quality_step=20)}

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
    tried = list(space.neighbours(of_variables(variables), quality_step=1))

    for twin in ({"sns_strength": "0"}, {"filter_strength": "0"}, {"filter_sharpness": "6"}):
        setting = of_variables(variables | twin)
        files = [encode(one, pixels) for one in (setting, of_variables(variables))]
        assert len(files[0]) == len(files[1])
        assert len({Image.open(io.BytesIO(file)).tobytes() for file in files}) == 1
        assert setting not in tried
