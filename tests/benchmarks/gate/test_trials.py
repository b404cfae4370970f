"""The gate tried for real: the resizer, changed in one way at a time, packaged and run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

_PROJECT = Path(__file__).parents[3]
_PICTURES = ("photo-busy.jpg", "photo-dark.jpg", "png-palette-transparent.png", "webp-lossy.webp")

pytestmark = [pytest.mark.network, pytest.mark.timeout(300)]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A run of the gate that has ended; `document` is its verdict.json, if it judged."""

    code: int
    said: str
    folder: Path

    @property
    def document(self) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.folder / "verdict.json").read_text())
        return found


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A copy of the resizer, with pictures and a baseline of its own."""

    folder: Path

    @property
    def function(self) -> Path:
        return self.folder / "resizer"

    @property
    def baseline(self) -> Path:
        return self.folder / "baseline.json"

    @property
    def pictures(self) -> Path:
        return self.folder / "pictures"

    def gate(self, *arguments: str) -> Ended:
        """Run the gate."""
        reports = self.folder / "reports"
        options = ["--function", self.function, "--baseline", self.baseline]
        options += ["--images", self.pictures, "--output", reports]
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.gate", *map(str, options), *arguments],
            cwd=_PROJECT,
            env={name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        return Ended(code=ended.returncode, said=ended.stdout, folder=reports)

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the function."""
        path = self.function / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """The resizer as it stands, accepted."""
    trial = Trial(folder=tmp_path_factory.mktemp("accepted"))
    shutil.copytree(_PROJECT / "resizer", trial.function, ignore=shutil.ignore_patterns("__pycache__"))
    trial.pictures.mkdir()
    for name in _PICTURES:
        shutil.copy(_PROJECT / "fixtures" / "images" / name, trial.pictures)
    ended = trial.gate("--accept", "first baseline")
    assert ended.code == 0, ended.said
    return trial


@pytest.fixture
def trial(accepted: Trial, tmp_path: Path) -> Trial:
    """A copy of it, to change."""
    copy = Trial(folder=tmp_path / "trial")
    shutil.copytree(accepted.folder, copy.folder)
    return copy


def test_an_unchanged_function_is_held_and_its_baseline_stays_as_it_is(trial: Trial) -> None:
    before = trial.baseline.read_bytes()

    ended = trial.gate()

    assert ended.code == 0, ended.said
    assert "green: held: 4 pictures" in ended.said
    assert trial.baseline.read_bytes() == before


def test_less_effort_is_red_and_the_setting_is_named(trial: Trial) -> None:
    ended = trial.gate("--parameter", "ThumbnailEffort=2")

    assert ended.code == 1, ended.said
    assert "setting effort: 6 -> 2" in ended.said
    assert "red: " in ended.said


def test_a_lower_quality_is_red_for_the_score_though_it_saves_bytes(trial: Trial) -> None:
    ended = trial.gate("--parameter", "ThumbnailQuality=60")

    assert ended.code == 1, ended.said
    assert "bought with a lower score" in ended.said
    assert "setting quality: 85 -> 60" in ended.said


def test_an_edited_engine_is_red_and_its_file_is_named(trial: Trial) -> None:
    trial.edit(
        "engines/pillow.py", "quality=encoding.quality, method", "quality=encoding.quality - 30, method"
    )

    ended = trial.gate()

    assert ended.code == 1, ended.said
    assert "function's files changed: resizer/engines/pillow.py" in ended.said


@pytest.mark.parametrize(
    ("pin", "older", "named"),
    [
        pytest.param("Pillow==13.0.0", "Pillow==12.3.0", "requirement Pillow: 13.0.0 -> 12.3.0", id="pillow"),
        pytest.param(
            "pyvips-binary==8.18.7",
            "pyvips-binary==8.18.6",
            "requirement pyvips-binary: 8.18.7 -> 8.18.6",
            id="libvips",
        ),
    ],
)
def test_a_library_one_version_back_is_judged_and_named(
    trial: Trial, pin: str, older: str, named: str
) -> None:
    trial.edit("function.toml", pin, older)

    ended = trial.gate()

    assert ended.code in {0, 1}, ended.said
    assert named in ended.said


def test_an_edited_picture_is_missing_its_baseline_and_reported(trial: Trial) -> None:
    path = trial.pictures / "photo-dark.jpg"
    with Image.open(path) as image:
        ImageEnhance.Brightness(image).enhance(1.5).save(path, quality=95)

    ended = trial.gate()

    assert ended.code == 1, ended.said
    assert "the picture itself was edited" in ended.said
    assert "pictures changed: photo-dark.jpg" in ended.said


def test_a_deleted_baseline_cannot_judge_and_the_way_out_is_named(trial: Trial) -> None:
    trial.baseline.unlink()

    ended = trial.gate()

    assert ended.code == 2
    assert ended.said.startswith(f"cannot judge: {trial.baseline}: expected a baseline, found none")
    assert len(ended.said.strip().splitlines()) == 1


def test_a_red_gate_can_be_accepted_and_says_what_it_takes_in(trial: Trial) -> None:
    ended = trial.gate("--parameter", "ThumbnailQuality=60", "--accept", "smaller pages")

    assert ended.code == 0, ended.said
    assert "taken in: whole set, SSIMULACRA2" in ended.said
    assert "smaller pages" in ended.said
    assert [entry["reason"] for entry in json.loads(trial.baseline.read_text())["history"]] == [
        "first baseline",
        "smaller pages",
    ]
    assert trial.gate("--parameter", "ThumbnailQuality=60").code == 0
