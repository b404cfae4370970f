"""What one run of the scenarios came to on one target, as it is stored."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = 1


class UnreadableResultsError(ThumbrigError):
    """Raised when a file is no stored run of the scenarios."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: expected the results of a run, in format {FORMAT}: {reason}")


@dataclass(frozen=True, kw_only=True)
class ScenarioResult:
    """How one scenario ended: passed, failed or skipped; `detail` is the reason of the last two."""

    name: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A run on one target; `description` names what it consisted of, with versions.

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
    path.write_text(json.dumps({"format": FORMAT, **asdict(result)}, indent=1) + "\n")


def load(path: Path) -> RunResult:
    """Read a stored run; raises UnreadableResultsError."""
    try:
        document = json.loads(path.read_text())
        if (found := document.pop("format", None)) != FORMAT:
            raise UnreadableResultsError(path, f"it is in format {found}")
        scenarios = [ScenarioResult(**scenario) for scenario in document.pop("scenarios")]
        return RunResult(scenarios=scenarios, **document)
    except (OSError, ValueError, TypeError, KeyError) as exc:
        raise UnreadableResultsError(path, str(exc)) from exc
