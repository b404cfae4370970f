"""Writes a setting into the function as its profile `tuned`, and forecasts what the gate will say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.gate.baseline import Thresholds
from benchmarks.gate.compare import fell, grew
from benchmarks.tuning.aim import TriedSetting
from benchmarks.tuning.setting import Setting
from harness.errors import ThumbrigError

PROFILES_FILE: Final = Path(__file__).parents[2] / "resizer" / "profiles.py"
TUNED: Final = "tuned"

# Those of a baseline where nobody has changed them.
_THRESHOLDS = Thresholds()
_PROFILE = re.compile(rf'^    "{TUNED}": {{\n(?:        .*\n)*    }},\n', re.MULTILINE)


class NoProfileError(ThumbrigError):
    """Raised when the file of the profiles cannot be written, or has no profile to replace."""

    def __init__(self, path: Path, came: str) -> None:
        super().__init__(
            f"{path}: expected a profile {TUNED!r} to write the pick to, got {came}; restore the file"
        )


def apply(setting: Setting, path: Path = PROFILES_FILE) -> None:
    """Replace the profile and leave the rest of the file as it is."""
    try:
        source = path.read_text()
        changed, count = _PROFILE.subn(lambda _: _written(setting), source)
        if count != 1:
            raise NoProfileError(path, f"{count} of them")
        path.write_text(changed)
    except OSError as exc:
        raise NoProfileError(path, str(exc.strerror)) from exc


def _written(setting: Setting) -> str:
    lines = [f'        "{name}": "{value}",\n' for name, value in setting.variables.items()]
    return f'    "{TUNED}": {{\n{"".join(lines)}    }},\n'


def forecast(today: TriedSetting, pick: TriedSetting) -> str:
    """Say in a sentence what `nox -s gate` will find in bytes and scores: red and why, or green."""
    percent = 100 * (pick.mean_bytes / today.mean_bytes - 1)
    points = pick.mean_score - today.mean_score
    whole = f"bytes {percent:+.1f} %, mean score {points:+.1f} over {len(today.trials)} pictures"
    reasons = list(_reasons(today, pick))
    if reasons:
        return f"red ({whole}): {'; '.join(reasons)}"
    if percent < 0 and points >= 0:
        return f"green and better ({whole}): take it as the new baseline with --accept"
    return f"green ({whole})"


def _reasons(today: TriedSetting, pick: TriedSetting) -> Iterator[str]:
    limits = _THRESHOLDS
    pairs = [(name, then, pick.trials[name]) for name, then in today.trials.items()]
    worse = [
        name
        for name, then, now in pairs
        if fell(then.ssimulacra2, now.ssimulacra2, limit_points=limits.score_points)
    ]
    larger = [
        name
        for name, then, now in pairs
        if grew(then.size_bytes, now.size_bytes, limit_percent=limits.bytes_percent)
    ]
    if worse:
        yield f"the score falls by more than {limits.score_points:g} for {', '.join(worse)}"
    if larger:
        yield f"bytes grow by more than {limits.bytes_percent:g} % for {', '.join(larger)}"
    if fell(today.mean_score, pick.mean_score, limit_points=limits.score_points):
        yield f"the mean score falls by more than {limits.score_points:g}"
    if grew(today.mean_bytes, pick.mean_bytes, limit_percent=limits.set_bytes_percent):
        yield f"bytes of the whole set grow by more than {limits.set_bytes_percent:g} %"
