"""Looks for limits: the smallest memory, the largest picture, and whether memory grows."""

from __future__ import annotations

from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.bench.results import LargestPicture, SmallestMemory, Soak
from benchmarks.bench.stage import PASSED, invoke, outcome_of
from fixtures.images import large
from harness.sandbox.limits.base import Confinement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.bench.stage import Entrant, Original, Stage

_STEP_MB = 8
_LEAST_MB = 16
_MOST_MB = 512
_MEGA = 1_000_000

# A function that leaks less than this serves 100,000 uploads in one environment before 512 MB are full, and
# Lambda replaces an environment long before.
_LEAK_BYTES_PER_INVOCATION = 4096
# A collected heap (V8's, with sharp) grows for a thousand invocations and then stays; a leak does not.
_MOST_BLOCKS = 4


def smallest_memory(stage: Stage, entrant: Entrant, pictures: Sequence[tuple[str, bytes]]) -> SmallestMemory:
    """Bisect, to 8 MB, with the CPU unshaped, for the memory that all pictures need that pass at 512 MB."""
    originals = [(name, entrant.put(name, data)) for name, data in pictures]
    passing = [entry for entry in originals if _fails_at(stage, entrant, [entry], _MOST_MB) is None]
    too_small, enough, needs = _LEAST_MB, _MOST_MB, None
    while enough - too_small > _STEP_MB:
        middle = (too_small + enough) // 2
        if failed := _fails_at(stage, entrant, passing, middle):
            too_small, needs = middle, failed
        else:
            enough = middle
    return SmallestMemory(contender=entrant.name, memory_mb=enough if passing else None, needs=needs)


def _fails_at(
    stage: Stage, entrant: Entrant, originals: Iterable[tuple[str, Original]], memory_mb: int
) -> str | None:
    with stage.environment(entrant, memory_mb=memory_mb, confinement=_unshaped(stage)) as environment:
        for name, original in originals:
            if outcome_of(invoke(environment, original)) != PASSED:
                return name
    return None


def largest_pictures(stage: Stage, entrant: Entrant) -> list[LargestPicture]:
    """Serve a picture of 100,000,000 pixels in each format, with the CPU unshaped, and say how it ends.

    A function may refuse what it could not hold: that is neither a thumbnail nor a failure.
    """
    found = []
    for kind, name in large.MOST_PIXELS.items():
        original = entrant.put(name, large.make(name).read_bytes())
        with stage.environment(entrant, confinement=_unshaped(stage)) as environment:
            invocation = invoke(environment, original)
        found.append(
            LargestPicture(
                contender=entrant.name,
                format=kind,
                megapixels=100_000_000 / _MEGA,
                outcome=outcome_of(invocation),
                peak_memory_bytes=invocation.peak_memory_bytes,
            )
        )
    return found


def soak(stage: Stage, entrant: Entrant, name: str, data: bytes, *, invocations: int) -> Soak:
    """Serve one picture many times in one environment, with the CPU unshaped, and follow each peak.

    As long as memory still grows at the end it goes on, up to four times as many invocations.
    """
    original = entrant.put(name, data)
    peaks: list[int] = []
    with stage.environment(entrant, confinement=_unshaped(stage)) as environment:
        for _ in range(_MOST_BLOCKS):
            peaks += [invoke(environment, original).peak_memory_bytes for _ in range(invocations)]
            per_invocation = slope(peaks)
            if verdict(per_invocation) == "plateau":
                break
    return Soak(
        contender=entrant.name,
        invocations=len(peaks),
        memory_bytes=peaks,
        slope_bytes_per_invocation=per_invocation,
        verdict=verdict(per_invocation),
    )


def verdict(bytes_per_invocation: float) -> str:
    """Call a slope by its name."""
    return "leak" if bytes_per_invocation > _LEAK_BYTES_PER_INVOCATION else "plateau"


def slope(peaks: Sequence[int]) -> float:
    """Give the slope over the second half: caches and pools fill up in the first.

    It is the median of the slopes between all pairs (Theil and Sen's estimator): a heap that is collected now
    and then does not tilt it.
    """
    half = list(peaks[len(peaks) // 2 :])
    # Medians of ten: a single peak is off by whatever the kernel had not yet taken back.
    smooth = [median(half[start : start + 10]) for start in range(0, len(half), 10)]
    points = enumerate(smooth)
    return median(
        (after - before) / (10 * (later - sooner))
        for (sooner, before), (later, after) in combinations(points, 2)
    )


def _unshaped(stage: Stage) -> Confinement:
    return Confinement(limiter=stage.target.confinement.limiter, cpu="unshaped")
