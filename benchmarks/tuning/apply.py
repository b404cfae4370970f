"""Writes a setting into the function's own: the profile `tuned` in resizer/profiles.py."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from benchmarks.tuning.setting import Setting

PROFILES_FILE: Final = Path(__file__).parents[2] / "resizer" / "profiles.py"
TUNED: Final = "tuned"

_PROFILE = re.compile(rf'^    "{TUNED}": {{\n(?:        .*\n)*    }},\n', re.MULTILINE)


class NoProfileError(ThumbrigError):
    """Raised when the file of the profiles cannot be written, or has no profile to be replaced."""

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
