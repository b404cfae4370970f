"""What a sweep found, as stored: units in the names. The report reads this and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "thumbrig-tune/1"


class UnreadableTuneResultsError(ThumbrigError):
    """Raised when a file holds no results of a sweep, or those of another version of the format."""

    def __init__(self, path: Path, came: str) -> None:
        super().__init__(f"{path}: expected results of format {FORMAT}, got {came}; run `nox -s tune` again")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where it was measured; `machine` is the workers', and CPU times hold for it alone."""

    date: str
    machine: str
    workers: int
    versions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class PictureTrial:
    """One setting at one picture; `cpu_ratio` is to today's setting, measured in turns with it."""

    picture: str
    size_bytes: int
    ssimulacra2: float
    cpu_ms: float
    cpu_ratio: float


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One setting over all pictures, written as the function's variables without their THUMBNAIL_."""

    label: str
    variables: dict[str, str]
    mean_bytes: float
    mean_ssimulacra2: float
    mean_cpu_ms: float
    cpu_ratio: float
    on_front: bool
    trials: list[PictureTrial]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What the pick saves against today's setting, below zero spends, with this traffic a month."""

    views: int
    uploads: int
    memory_mb: int
    bytes_per_thumbnail: float
    percent: float
    cpu_ms_per_thumbnail: float
    delivery_usd_a_month: float
    lambda_usd_a_month: float


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A picture, and its thumbnails as files beside the results; `tuned_for` is false for the rest."""

    name: str
    trait: str
    tuned_for: bool
    today_file: str
    pick_file: str
    lossless_file: str


@dataclass(frozen=True, kw_only=True)
class TuneResults:
    """One sweep; `best` has the label of the best of each format that will do, for the same aim."""

    environment: Environment
    aim: str
    aim_text: str
    formats: list[str]
    today: str
    pick: str
    best: dict[str, str]
    more_cpu: list[str]
    saved: Saved
    forecast: str
    candidates: list[Candidate]
    rest: list[Candidate]
    photos: list[Photo]

    def candidate(self, label: str) -> Candidate:
        """Find a setting among the pictures that it was tuned for."""
        return next(one for one in self.candidates if one.label == label)


def write(results: TuneResults, path: Path) -> None:
    """Store results as JSON."""
    path.write_text(json.dumps({"format": FORMAT, **asdict(results)}, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> TuneResults:
    """Read stored results; raises UnreadableTuneResultsError."""
    try:
        stored: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as exc:
        raise UnreadableTuneResultsError(path, str(exc)) from exc
    came = stored.pop("format", "none")
    if came != FORMAT:
        raise UnreadableTuneResultsError(path, f"format {came!r}")
    parts: dict[str, Any] = {
        "environment": Environment(**stored.pop("environment")),
        "saved": Saved(**stored.pop("saved")),
        "candidates": [_candidate(entry) for entry in stored.pop("candidates")],
        "rest": [_candidate(entry) for entry in stored.pop("rest")],
        "photos": [Photo(**entry) for entry in stored.pop("photos")],
    }
    return TuneResults(**parts, **stored)


def _candidate(stored: dict[str, Any]) -> Candidate:
    return Candidate(**{**stored, "trials": [PictureTrial(**entry) for entry in stored["trials"]]})
