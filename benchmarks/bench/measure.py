"""Takes the measurements: contenders in turn, A B C A B C, so that other work on the machine falls on all.

It also looks for limits: the smallest memory, the largest picture, and whether memory grows.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import combinations

from benchmarks.bench.contenders import (
    PASSED,
    DeployedContender,
    Original,
    WarmEnvironments,
    invoke,
    outcome_of,
)
from benchmarks.bench.prices import usd_per_million
from benchmarks.bench.quality import lossless_thumbnail, score
from benchmarks.bench.results import Contender, LargestPicture, Measurement, SmallestMemory, Soak, SweepPoint
from fixtures.images import large
from harness.sandbox.environment import Environment
from harness.sandbox.invocation import Invocation
from harness.sandbox.limits.base import Confinement

_STEP_MB = 8
_LEAST_MB = 16
_MOST_MB = 512

# A function that leaks less than this serves 100,000 uploads in one environment before 512 MB are full, and
# Lambda replaces an environment long before.
_LEAK_BYTES_PER_INVOCATION = 4096
# A collected heap (V8's, with sharp) grows for a thousand invocations and then stays; a leak does not.
_MOST_BLOCKS = 4


@dataclass(kw_only=True)
class Series:
    """One contender at one picture, and what its invocations took."""

    contender: DeployedContender
    original: Original
    warm: WarmEnvironments
    outcome: str = PASSED
    invocations: list[Invocation] = field(default_factory=list)

    def take(self, *, keep: bool) -> None:
        """Serve the picture once more; a series that has failed takes part no longer."""
        if self.outcome != PASSED:
            return
        invocation = invoke(self.warm.environment(self.contender), self.original)
        self.outcome = outcome_of(invocation)
        if keep and self.outcome == PASSED:
            self.invocations.append(invocation)

    def thumbnail(self) -> bytes | None:
        """Read the thumbnail, if there is one."""
        return self.contender.thumbnail(self.original) if self.outcome == PASSED else None


class Rounds:
    """All contenders at one picture; a round is one invocation of each, beginning with the next one."""

    def __init__(
        self, contenders: Sequence[DeployedContender], warm: WarmEnvironments, name: str, data: bytes
    ) -> None:
        self.series = [
            Series(contender=contender, original=contender.put(name, data), warm=warm)
            for contender in contenders
        ]
        self._number = 0

    def warm_up(self) -> None:
        """Let each serve the picture once; how long a first time takes is measured elsewhere."""
        for series in self.series:
            series.take(keep=False)

    def once(self) -> None:
        """Take one round."""
        first = self._number % len(self.series)
        self._number += 1
        for series in self.series[first:] + self.series[:first]:
            series.take(keep=True)


def describe(series: Series, *, memory_mb: int, original: bytes, thumbnail_name: str) -> Measurement:
    """Turn a series into what is stored; `original` is the picture's data, for the score."""
    thumbnail = series.thumbnail()
    if thumbnail is None or not series.invocations:
        return Measurement(contender=series.contender.name, outcome=series.outcome)
    durations = [invocation.duration_seconds * 1000 for invocation in series.invocations]
    return Measurement(
        contender=series.contender.name,
        outcome=PASSED,
        duration_ms=durations,
        cpu_ms=[invocation.cpu_seconds * 1000 for invocation in series.invocations],
        peak_memory_bytes=[invocation.peak_memory_bytes for invocation in series.invocations],
        bytes_out=len(thumbnail),
        ssimulacra2=score(thumbnail, lossless_thumbnail(original)),
        usd_per_million=usd_per_million(statistics.median(durations), memory_mb=memory_mb),
        thumbnail=thumbnail_name,
    )


def measure_cold_starts(
    contenders: Sequence[DeployedContender], name: str, data: bytes, *, times: int
) -> list[Contender]:
    """Start each contender anew several times, in turn, and serve the picture once."""
    originals = {contender.name: contender.put(name, data) for contender in contenders}
    taken: dict[str, list[Invocation]] = {contender.name: [] for contender in contenders}
    # The first time reads the packages from the disk; on Lambda they are there already.
    for time in range(times + 1):
        for contender in contenders:
            with contender.environment() as environment:
                invocation = invoke(environment, originals[contender.name])
            if time and outcome_of(invocation) == PASSED:
                taken[contender.name].append(invocation)
    return [_contender(contender, taken[contender.name]) for contender in contenders]


def sweep_memory(
    contenders: Sequence[DeployedContender], name: str, data: bytes, *, sizes_mb: Sequence[int], rounds: int
) -> list[SweepPoint]:
    """Measure the picture at each memory size, which sets the CPU share as well."""
    points = []
    for memory_mb in sizes_mb:
        with WarmEnvironments(memory_mb=memory_mb) as warm:
            taking = Rounds(contenders, warm, name, data)
            taking.warm_up()
            for _ in range(rounds):
                taking.once()
        points += [_point(series, memory_mb) for series in taking.series]
    return points


def _point(series: Series, memory_mb: int) -> SweepPoint:
    durations = [invocation.duration_seconds * 1000 for invocation in series.invocations]
    measured = Measurement(contender=series.contender.name, outcome=series.outcome, duration_ms=durations)
    return SweepPoint(
        contender=series.contender.name,
        memory_mb=memory_mb,
        outcome=series.outcome,
        p50_ms=measured.p50_ms,
        p95_ms=measured.p95_ms,
        usd_per_million=usd_per_million(measured.p50_ms, memory_mb=memory_mb) if measured.p50_ms else None,
    )


def _contender(contender: DeployedContender, taken: Sequence[Invocation]) -> Contender:
    return Contender(
        name=contender.name,
        runtime=contender.function.runtime,
        package_zip_bytes=contender.package.zip_bytes,
        package_unzipped_bytes=contender.package.unzipped_bytes,
        cold_init_ms=[(invocation.init_seconds or 0.0) * 1000 for invocation in taken],
        cold_first_ms=[invocation.duration_seconds * 1000 for invocation in taken],
    )


def smallest_memory(contender: DeployedContender, pictures: Sequence[tuple[str, bytes]]) -> SmallestMemory:
    """Bisect, to 8 MB, for the memory that the pictures need that pass at 512 MB; the CPU is unshaped."""
    originals = [(name, contender.put(name, data)) for name, data in pictures]
    passing = [entry for entry in originals if _fails_at(contender, [entry], _MOST_MB) is None]
    too_small, enough, needs = _LEAST_MB, _MOST_MB, None
    while enough - too_small > _STEP_MB:
        middle = (too_small + enough) // 2
        if failed := _fails_at(contender, passing, middle):
            too_small, needs = middle, failed
        else:
            enough = middle
    return SmallestMemory(contender=contender.name, memory_mb=enough if passing else None, needs=needs)


def _fails_at(
    contender: DeployedContender, originals: Iterable[tuple[str, Original]], memory_mb: int
) -> str | None:
    with _unshaped(contender, memory_mb=memory_mb) as environment:
        for name, original in originals:
            if outcome_of(invoke(environment, original)) != PASSED:
                return name
    return None


def largest_pictures(contender: DeployedContender) -> list[LargestPicture]:
    """Serve a picture of 100,000,000 pixels in each format, with the CPU unshaped, and say how it ends.

    A function may refuse what it could not hold: that is neither a thumbnail nor a failure.
    """
    found = []
    for kind, name in large.MOST_PIXELS.items():
        original = contender.put(name, large.make(name).read_bytes())
        with _unshaped(contender) as environment:
            invocation = invoke(environment, original)
        found.append(
            LargestPicture(
                contender=contender.name,
                format=kind,
                megapixels=100.0,
                outcome=outcome_of(invocation),
                peak_memory_bytes=invocation.peak_memory_bytes,
            )
        )
    return found


def soak(contender: DeployedContender, name: str, data: bytes, *, invocations: int) -> Soak:
    """Serve one picture many times in one environment, with the CPU unshaped, and follow each peak.

    While memory still grows at the end, it goes on, up to four times as many invocations.
    """
    original = contender.put(name, data)
    peaks: list[int] = []
    with _unshaped(contender) as environment:
        for _ in range(_MOST_BLOCKS):
            peaks += [invoke(environment, original).peak_memory_bytes for _ in range(invocations)]
            per_invocation = slope(peaks)
            if verdict(per_invocation) == "plateau":
                break
    return Soak(
        contender=contender.name,
        invocations=len(peaks),
        memory_bytes=peaks,
        slope_bytes_per_invocation=per_invocation,
        verdict=verdict(per_invocation),
    )


def verdict(bytes_per_invocation: float) -> str:
    """Say whether memory that grows so fast is a leak."""
    return "leak" if bytes_per_invocation > _LEAK_BYTES_PER_INVOCATION else "plateau"


def slope(peaks: Sequence[int]) -> float:
    """Return the slope over the second half: caches and pools fill up in the first.

    It is the median of the slopes between all pairs (Theil and Sen's estimator): a heap that is collected now
    and then does not tilt it.
    """
    half = list(peaks[len(peaks) // 2 :])
    # Medians of ten: a single peak is off by whatever the kernel had not yet taken back.
    smooth = [statistics.median(half[start : start + 10]) for start in range(0, len(half), 10)]
    points = enumerate(smooth)
    return statistics.median(
        (after - before) / (10 * (later - sooner))
        for (sooner, before), (later, after) in combinations(points, 2)
    )


def _unshaped(
    contender: DeployedContender, *, memory_mb: int | None = None
) -> AbstractContextManager[Environment]:
    confinement = Confinement(limiter=contender.target.confinement.limiter, cpu="unshaped")
    return contender.environment(memory_mb=memory_mb, confinement=confinement)
