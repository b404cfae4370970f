from __future__ import annotations

import pytest

from benchmarks.tuning import space
from benchmarks.tuning.setting import of_profile, of_variables, today
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
