from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from benchmarks.tuning.apply import PROFILES_FILE, NoProfileError, apply
from benchmarks.tuning.setting import of_variables
from resizer.profiles import PROFILES

_VARIABLES = {"format": "avif", "quality": "50", "effort": "1", "subsampling": "4:4:4", "tune": "ssim"}


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


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(NoProfileError, match="No such file") as raised:
        apply(of_variables(_VARIABLES), tmp_path / "profiles.py")

    assert "\n" not in str(raised.value)
