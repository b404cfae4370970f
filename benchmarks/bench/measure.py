"""Takes the measurements: contenders in turn, A B C A B C, so that whatever else happens falls on all."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.bench.prices import usd_per_million
from benchmarks.bench.quality import lossless_thumbnail, score
from benchmarks.bench.results import Contender, Measurement, SweepPoint
from benchmarks.bench.stage import PASSED, Company, invoke, outcome_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.bench.stage import Entrant, Original, Stage
    from harness.sandbox.invocation import Invocation


@dataclass(kw_only=True)
class Series:
    """One contender at one picture, and what its invocations took."""

    entrant: Entrant
    original: Original
    company: Company
    outcome: str = PASSED
    invocations: list[Invocation] = field(default_factory=list)

    def take(self, *, keep: bool) -> None:
        """Serve the picture once more; a series that has failed takes part no longer."""
        if self.outcome != PASSED:
            return
        invocation = invoke(self.company.environment(self.entrant), self.original)
        self.outcome = outcome_of(invocation)
        if keep and self.outcome == PASSED:
            self.invocations.append(invocation)

    def thumbnail(self) -> bytes | None:
        """Read the thumbnail, if there is one."""
        return self.entrant.thumbnail(self.original) if self.outcome == PASSED else None


class Rounds:
    """All contenders at one picture; a round is one invocation of each, another one first each time."""

    def __init__(self, stage: Stage, company: Company, name: str, data: bytes) -> None:
        self.series = [
            Series(entrant=entrant, original=entrant.put(name, data), company=company)
            for entrant in stage.entrants
        ]
        self._number = 0

    def warm_up(self) -> None:
        """Serve the picture once by each: what a first time takes is another measurement."""
        for series in self.series:
            series.take(keep=False)

    def once(self) -> None:
        """Take one round."""
        first = self._number % len(self.series)
        self._number += 1
        for series in self.series[first:] + self.series[:first]:
            series.take(keep=True)


def describe(series: Series, *, memory_mb: int, lossless: bytes, thumbnail_name: str) -> Measurement:
    """Turn a series into what is stored; `lossless` is the original's data, for the score."""
    thumbnail = series.thumbnail()
    if thumbnail is None or not series.invocations:
        return Measurement(contender=series.entrant.name, outcome=series.outcome)
    durations = [invocation.duration_seconds * 1000 for invocation in series.invocations]
    return Measurement(
        contender=series.entrant.name,
        outcome=PASSED,
        duration_ms=durations,
        cpu_ms=[invocation.cpu_seconds * 1000 for invocation in series.invocations],
        peak_memory_bytes=[invocation.peak_memory_bytes for invocation in series.invocations],
        bytes_out=len(thumbnail),
        ssimulacra2=score(thumbnail, lossless_thumbnail(lossless)),
        usd_per_million=usd_per_million(statistics.median(durations), memory_mb=memory_mb),
        thumbnail=thumbnail_name,
    )


def measure_cold_starts(stage: Stage, name: str, data: bytes, *, times: int) -> list[Contender]:
    """Start each contender anew several times, in turn, and serve the picture once."""
    originals = {entrant.name: entrant.put(name, data) for entrant in stage.entrants}
    taken: dict[str, list[Invocation]] = {entrant.name: [] for entrant in stage.entrants}
    # The first time reads the packages from the disk; on Lambda they are there already.
    for time in range(times + 1):
        for entrant in stage.entrants:
            with stage.environment(entrant) as environment:
                invocation = invoke(environment, originals[entrant.name])
            if time and outcome_of(invocation) == PASSED:
                taken[entrant.name].append(invocation)
    return [_contender(entrant, taken[entrant.name]) for entrant in stage.entrants]


def sweep_memory(
    stage: Stage, name: str, data: bytes, *, sizes_mb: Sequence[int], rounds: int
) -> list[SweepPoint]:
    """Measure the picture at each memory size, which sets the CPU share as well."""
    return [
        point
        for memory_mb in sizes_mb
        for point in _sweep_point(stage, name, data, memory_mb=memory_mb, rounds=rounds)
    ]


def _sweep_point(stage: Stage, name: str, data: bytes, *, memory_mb: int, rounds: int) -> list[SweepPoint]:
    with Company(stage, memory_mb=memory_mb) as company:
        taking = Rounds(stage, company, name, data)
        taking.warm_up()
        for _ in range(rounds):
            taking.once()
    return [_point(series, memory_mb) for series in taking.series]


def _point(series: Series, memory_mb: int) -> SweepPoint:
    durations = [invocation.duration_seconds * 1000 for invocation in series.invocations]
    measured = Measurement(contender=series.entrant.name, outcome=series.outcome, duration_ms=durations)
    return SweepPoint(
        contender=series.entrant.name,
        memory_mb=memory_mb,
        outcome=series.outcome,
        p50_ms=measured.p50_ms,
        p95_ms=measured.p95_ms,
        usd_per_million=usd_per_million(measured.p50_ms, memory_mb=memory_mb) if measured.p50_ms else None,
    )


def _contender(entrant: Entrant, taken: Sequence[Invocation]) -> Contender:
    return Contender(
        name=entrant.name,
        runtime=entrant.function.runtime,
        package_zip_bytes=entrant.package.zip_bytes,
        package_unzipped_bytes=entrant.package.unzipped_bytes,
        cold_init_ms=[(invocation.init_seconds or 0.0) * 1000 for invocation in taken],
        cold_first_ms=[invocation.duration_seconds * 1000 for invocation in taken],
    )
