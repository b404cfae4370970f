"""The stored results of one run of the scenarios on one target."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.files import read_json, write_json

_FORMAT: Final = 1


@dataclass(frozen=True, kw_only=True)
class ScenarioResult:
    """How one scenario ended: passed, failed or skipped; `detail` is the reason of the last two."""

    name: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A run on one target; `description` names its parts, with versions.

    `boot_seconds` is the time until the target could be deployed to; `peaks_mb` are of the invocations of
    the function under test.
    """

    target: str
    description: str
    limits: str
    scenarios: list[ScenarioResult]
    boot_seconds: float
    whole_seconds: float
    deploy_seconds: list[float] = field(default_factory=list)
    cold_seconds: list[float] = field(default_factory=list)
    warm_seconds: list[float] = field(default_factory=list)
    peaks_mb: list[int] = field(default_factory=list)


def save(result: RunResult, path: Path) -> None:
    """Store a run."""
    write_json(path, result, format_number=_FORMAT)


def load(path: Path) -> RunResult:
    """Read a stored run; raises UnreadableFileError."""
    return read_json(
        path, RunResult, format_number=_FORMAT, expected=f"the results of a run, in format {_FORMAT}"
    )
