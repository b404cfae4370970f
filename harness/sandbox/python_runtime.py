"""Lambda's Python runtime, from the packages that the rig itself has installed.

A function must find what Lambda gives it (awslambdaric and boto3) and what its package brings, and nothing of
the rig's own environment: what is missing from a package must be missing here too. So the interpreter starts
without its site-packages, and a folder of links holds just those two libraries and what they require.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.sandbox.function import DeployedFunction

_PROVIDED = ("awslambdaric", "boto3")
_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9._-]+")


def link_runtime(folder: Path) -> None:
    """Fill `folder` with links to the libraries that Lambda's Python runtime provides."""
    folder.mkdir(parents=True)
    for distribution in _with_requirements(_PROVIDED):
        for entry in _top_level_entries(distribution):
            link = folder / entry.name
            if not link.exists():
                link.symlink_to(entry)


def command(function: DeployedFunction) -> list[str]:
    """Build the command that runs a function in AWS's runtime client."""
    return [interpreter(), "-S", "-m", "awslambdaric", function.handler]


def variables(function: DeployedFunction, runtime_folder: Path) -> dict[str, str]:
    """Build the variables that make Python see the package first, then the runtime."""
    return {
        "PYTHONPATH": f"{function.task_root}:{runtime_folder}",
        # The package's folder is read-only on Lambda: no start may profit from an earlier one's bytecode.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def interpreter() -> str:
    """Say which Python runs functions."""
    # A virtual environment's own executable would bring its site-packages back.
    return str(getattr(sys, "_base_executable", sys.executable))


def _with_requirements(names: tuple[str, ...]) -> Iterator[metadata.Distribution]:
    pending, seen = list(names), set[str]()
    while pending:
        name = pending.pop()
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        distribution = metadata.distribution(name)
        yield distribution
        for requirement in distribution.requires or []:
            wanted, _, marker = requirement.partition(";")
            if "extra" not in marker and (match := _REQUIREMENT_NAME.match(wanted)) and _installed(match[0]):
                pending.append(match[0])


def _installed(name: str) -> bool:
    # A requirement whose marker does not hold here (another Python, another system) is simply absent.
    return any(True for _ in metadata.distributions(name=name))


def _top_level_entries(distribution: metadata.Distribution) -> set[Path]:
    names = {file.parts[0] for file in distribution.files or [] if file.parts[0] not in {"..", "__pycache__"}}
    return {Path(str(distribution.locate_file(name))) for name in names}
