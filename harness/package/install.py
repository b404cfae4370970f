"""What the installers of both languages share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from harness.errors import ThumbrigError
from harness.package.function import FunctionFolder, read_pin
from harness.package.platforms import Platform
from harness.process import CommandFailedError


class InstallFailedError(ThumbrigError):
    """Raised when a requirement cannot be installed; ends with the installer's last lines."""

    def __init__(
        self, requirements: Sequence[str], platform: Platform | str, output: str, advice: Mapping[str, str]
    ) -> None:
        named = [text for text in requirements if _mentions(output, text)] or requirements
        first = next(
            (text for words, text in advice.items() if words in output), "see what the installer says"
        )
        super().__init__(f"cannot install {', '.join(named)} for {platform}: {first}\n{output}".rstrip())


class UnpinnedDependencyError(ThumbrigError):
    """Raised when a requirement depends on a package that nothing pins."""

    def __init__(self, function: FunctionFolder, pins: Sequence[str]) -> None:
        super().__init__(
            f"{function.description}: the requirements bring along {', '.join(pins)}, whose versions nothing"
            f" pins; add to requirements: {', '.join(json.dumps(pin) for pin in pins)}"
        )


class FileTwiceError(ThumbrigError):
    """Raised when a function and a requirement have a file of the same name."""

    def __init__(self, function: FunctionFolder, names: Sequence[str]) -> None:
        super().__init__(
            f"{function.description}: {', '.join(names)} would be both the function's and a requirement's;"
            " choose another prefix or rename it"
        )


def merge(
    function: FunctionFolder, own: Mapping[str, Path], installed: Mapping[str, Path]
) -> dict[str, Path]:
    """Join the function's own files and the installed ones; raise FileTwiceError if two have one name."""
    if twice := sorted(own.keys() & installed.keys()):
        raise FileTwiceError(function, twice)
    return {**own, **installed}


def output_of(failure: CommandFailedError) -> str:
    """Return the last lines of a command that failed; the first line of the error is the command itself."""
    return str(failure).partition("\n")[2]


def _mentions(output: str, requirement: str) -> bool:
    if (pin := read_pin(requirement)) is None:
        return False
    # npm prints names as they are written, uv in their canonical form.
    either = f"{re.escape(pin.name)}|{re.escape(canonicalize_name(pin.name))}"
    return re.search(rf"(?<![\w.-])({either})(?![\w-]|\.\w)", output, re.IGNORECASE) is not None
