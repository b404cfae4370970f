from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from benchmarks.tuning.aim import TriedSetting
from benchmarks.tuning.apply import PROFILES_FILE, NoProfileError, apply, forecast
from benchmarks.tuning.setting import of_variables
from resizer.profiles import PROFILES
from tests.benchmarks.tuning.builders import setting, trial

_VARIABLES = {"format": "avif", "quality": "50", "effort": "1", "subsampling": "4:4:4", "tune": "ssim"}
_TODAY = TriedSetting(setting=setting(85), trials={"a.jpg": trial(1000, 60.0), "b.jpg": trial(2000, 70.0)})


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    """A copy of the function's profiles."""
    return Path(shutil.copy(PROFILES_FILE, tmp_path / "profiles.py"))


def test_the_pick_becomes_the_tuned_profile_and_nothing_else_changes(profiles: Path) -> None:
    apply(of_variables(_VARIABLES), profiles)

    assert runpy.run_path(str(profiles))["PROFILES"] == PROFILES | {"tuned": _VARIABLES}
    before, after = PROFILES_FILE.read_text(), profiles.read_text()
    assert after.split('"tuned"')[0] == before.split('"tuned"')[0]


def test_applying_what_is_there_changes_nothing(profiles: Path) -> None:
    apply(of_variables(PROFILES["tuned"]), profiles)

    assert profiles.read_text() == PROFILES_FILE.read_text()


def test_a_file_without_the_profile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "profiles.py"
    path.write_text("PROFILES = {}\n")

    with pytest.raises(NoProfileError, match="got 0 of them"):
        apply(of_variables(_VARIABLES), path)
    assert path.read_text() == "PROFILES = {}\n"


def test_a_file_that_is_not_there_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(NoProfileError, match="No such file") as raised:
        apply(of_variables(_VARIABLES), tmp_path / "profiles.py")

    assert "\n" not in str(raised.value)


def _other(a: tuple[int, float], b: tuple[int, float]) -> TriedSetting:
    return TriedSetting(setting=setting(80), trials={"a.jpg": trial(*a), "b.jpg": trial(*b)})


def test_fewer_bytes_and_a_better_score_are_green_and_a_new_baseline() -> None:
    text = forecast(_TODAY, _other((900, 60.5), (1900, 70.5)))

    assert text.startswith("green and better (bytes -6.7 %, mean score +0.5 over 2 pictures)")
    assert text.endswith("take it as the new baseline with --accept")


def test_a_picture_that_falls_by_more_than_a_point_is_red_and_named() -> None:
    text = forecast(_TODAY, _other((900, 65.0), (1900, 68.9)))

    assert text.startswith("red (")
    assert text.endswith("the score falls by more than 1 for b.jpg")


def test_a_picture_that_grows_by_more_than_five_percent_is_red_and_named() -> None:
    text = forecast(_TODAY, _other((1051, 61.0), (1900, 71.0)))

    assert text.endswith("bytes grow by more than 5 % for a.jpg")


def test_the_whole_set_is_red_where_no_single_picture_is() -> None:
    assert "bytes of the whole set grow" in forecast(_TODAY, _other((1040, 60.0), (2080, 70.0)))


def test_what_stays_within_the_limits_is_green() -> None:
    assert forecast(_TODAY, _other((1000, 59.5), (2000, 69.5))).startswith("green (")
