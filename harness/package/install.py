"""What the packager asks of an installer, and what may go wrong with any of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Protocol

from harness.errors import ThumbrigError
from harness.package.function import normalised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.package.function import FunctionFolder
    from harness.package.platforms import Platform


class Installer(Protocol):
    """Brings together what the functions of one language are packaged with."""

    def __call__(
        self, function: FunctionFolder, platform: Platform, *, cache: Path, scratch: Path
    ) -> Mapping[str, Path]:
        """Return all files of the package by their names in it; what had to be made lies below `scratch`."""


class InstallFailedError(ThumbrigError):
    """Raised when what a function requires cannot be installed; ends with the installer's last lines."""

    def __init__(
        self, requirements: Sequence[str], platform: Platform | str, output: str, advice: Mapping[str, str]
    ) -> None:
        named = [text for text in requirements if _mentions(output, text)] or requirements
        first = next(
            (text for words, text in advice.items() if words in output), "see what the installer says"
        )
        super().__init__(f"cannot install {', '.join(named)} for {platform}: {first}\n{output}".rstrip())


class UnpinnedDependencyError(ThumbrigError):
    """Raised when a requirement brought another package along, in whatever version was newest."""

    def __init__(self, function: FunctionFolder, pins: Sequence[str]) -> None:
        super().__init__(
            f"{function.description}: the requirements bring along {', '.join(pins)}, whose versions nothing"
            f" pins; add to requirements: {', '.join(json.dumps(pin) for pin in pins)}"
        )


class FileTwiceError(ThumbrigError):
    """Raised when a file of the function lands where a requirement has one too."""

    def __init__(self, function: FunctionFolder, names: Sequence[str]) -> None:
        super().__init__(
            f"{function.description}: {', '.join(names)} would be both the function's and a requirement's;"
            " choose another prefix or rename it"
        )


def merge(
    function: FunctionFolder, own: Mapping[str, Path], installed: Mapping[str, Path]
) -> dict[str, Path]:
    """Put the function's own files and the installed ones together; raise FileTwiceError if they meet."""
    if twice := sorted(own.keys() & installed.keys()):
        raise FileTwiceError(function, twice)
    return {**own, **installed}


def _mentions(output: str, requirement: str) -> bool:
    name = normalised(re.split(r"(?<=.)[\[=; @]", requirement)[0])
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", output, re.IGNORECASE) is not None
