"""What a benchmark measured, as stored: units in the names, numbers beside what they were measured with.

The report and every comparison read this and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from benchmarks.bench.machine import MeasuredOn
from harness.files import read_json, write_json

FORMAT: Final = "thumbrig-bench/1"

_PERCENTILES = 100


@dataclass(frozen=True, kw_only=True)
class BenchedOn(MeasuredOn):
    """Where and how it was measured; `limiter_is_hard` says whether the kernel enforced the memory cap."""

    cores: int
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
class MeasuredPicture:
    """One picture and its measurements; `original` and `thumbnail` name files beside the results."""

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
    """How a contender fares with a picture of the most pixels that the contract allows."""

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

    environment: BenchedOn
    contenders: list[Contender]
    pictures: list[MeasuredPicture]
    sweep: list[SweepPoint] = field(default_factory=list)
    smallest_memory: list[SmallestMemory] = field(default_factory=list)
    largest_pictures: list[LargestPicture] = field(default_factory=list)
    soaks: list[Soak] = field(default_factory=list)


def write(results: Results, path: Path) -> None:
    """Store results as JSON."""
    write_json(path, results, format_number=FORMAT)


def read(path: Path) -> Results:
    """Read stored results; raises UnreadableFileError."""
    expected = f"results of format {FORMAT}, made by `nox -s bench`"
    return read_json(path, Results, format_number=FORMAT, expected=expected)
