"""What a benchmark measured, as stored: units in the names, numbers beside what they were measured with.

The report and every comparison read this and nothing else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "thumbrig-bench/1"

_PERCENTILES = 100


class UnreadableResultsError(ThumbrigError):
    """Raised when a file holds no results, or those of another version of the format."""

    def __init__(self, path: Path, came: str) -> None:
        super().__init__(f"{path}: expected results of format {FORMAT}, got {came}; run `nox -s bench` again")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where and how it was measured; `limiter_is_hard` says whether the kernel enforced the memory cap."""

    date: str
    machine: str
    cores: int
    versions: dict[str, str]
    memory_mb: int
    cpu: str
    limiter: str
    limiter_description: str
    limiter_is_hard: bool


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A function under test, and its cold starts: fresh environments, one invocation each."""

    name: str
    runtime: str
    package_zip_bytes: int
    package_unzipped_bytes: int
    cold_init_ms: list[float] = field(default_factory=list)
    cold_first_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One contender at one picture, warm; the lists have a value for each invocation, in their order.

    `outcome` is "success" or how it failed ("out of memory", "refused: ..."); then the rest is empty.
    `ssimulacra2` compares with a lossless thumbnail: 100 is the same, 70 is high quality, 50 medium.
    """

    contender: str
    outcome: str
    duration_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    peak_memory_bytes: list[int] = field(default_factory=list)
    bytes_out: int | None = None
    ssimulacra2: float | None = None
    usd_per_million: float | None = None
    thumbnail: str | None = None

    @property
    def p50_ms(self) -> float | None:
        """The median duration."""
        return median(self.duration_ms) if self.duration_ms else None

    @property
    def p95_ms(self) -> float | None:
        """The 95th percentile of the durations."""
        if len(self.duration_ms) < 2:  # noqa: PLR2004  quantiles needs two
            return self.p50_ms
        return quantiles(self.duration_ms, n=_PERCENTILES, method="inclusive")[94]

    @property
    def median_cpu_ms(self) -> float | None:
        """The median CPU time."""
        return median(self.cpu_ms) if self.cpu_ms else None

    @property
    def median_peak_bytes(self) -> float | None:
        """The median of the peaks."""
        return median(self.peak_memory_bytes) if self.peak_memory_bytes else None


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture and each contender at it; `original` and `thumbnail` name files beside the results."""

    name: str
    trait: str
    width: int
    height: int
    bytes_in: int
    original: str
    measurements: list[Measurement]


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """One contender at one memory size, on the reference picture."""

    contender: str
    memory_mb: int
    outcome: str
    p50_ms: float | None
    p95_ms: float | None
    usd_per_million: float | None


@dataclass(frozen=True, kw_only=True)
class SmallestMemory:
    """The smallest memory with which a contender passes all the pictures; `needs` is the one that sets it."""

    contender: str
    memory_mb: int | None
    needs: str | None


@dataclass(frozen=True, kw_only=True)
class LargestPicture:
    """How a contender ends with a picture of the most pixels that the contract allows, in one format."""

    contender: str
    format: str
    megapixels: float
    outcome: str
    peak_memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class Soak:
    """Many warm invocations of one environment: its memory at rest after each, and whether it grows."""

    contender: str
    invocations: int
    memory_bytes: list[int]
    slope_bytes_per_invocation: float
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything that one run measured."""

    environment: Environment
    contenders: list[Contender]
    pictures: list[Picture]
    sweep: list[SweepPoint] = field(default_factory=list)
    smallest_memory: list[SmallestMemory] = field(default_factory=list)
    largest_pictures: list[LargestPicture] = field(default_factory=list)
    soaks: list[Soak] = field(default_factory=list)


def write(results: Results, path: Path) -> None:
    """Store results as JSON."""
    path.write_text(json.dumps({"format": FORMAT, **asdict(results)}, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> Results:
    """Read stored results; raises UnreadableResultsError."""
    try:
        stored: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as exc:
        raise UnreadableResultsError(path, str(exc)) from exc
    came = stored.pop("format", "none")
    if came != FORMAT:
        raise UnreadableResultsError(path, f"format {came!r}")
    pictures = [
        Picture(**{**picture, "measurements": [Measurement(**entry) for entry in picture["measurements"]]})
        for picture in stored["pictures"]
    ]
    return Results(
        environment=Environment(**stored["environment"]),
        contenders=[Contender(**entry) for entry in stored["contenders"]],
        pictures=pictures,
        sweep=[SweepPoint(**entry) for entry in stored["sweep"]],
        smallest_memory=[SmallestMemory(**entry) for entry in stored["smallest_memory"]],
        largest_pictures=[LargestPicture(**entry) for entry in stored["largest_pictures"]],
        soaks=[Soak(**entry) for entry in stored["soaks"]],
    )
