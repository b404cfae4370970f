"""Takes what was observed as the new baseline, with a reason and with what that changes. A pure function."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks.gate.baseline import Acceptance, Baseline, Figures
from benchmarks.gate.thresholds import Thresholds
from benchmarks.gate.wording import sentence
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.gate.snapshot import Memory, Observation, Snapshot
    from benchmarks.gate.verdict import Verdict


class NoReasonError(ThumbrigError):
    """Raised when a baseline is to be accepted for no reason."""

    def __init__(self) -> None:
        super().__init__(
            '--accept: expected a reason for those who come later, got none; write --accept "why"'
        )


class NotAcceptableError(ThumbrigError):
    """Raised when pictures have no thumbnail: a baseline without them would look like one that holds them."""

    def __init__(self, outcomes: Iterable[tuple[str, str]]) -> None:
        told = ", ".join(f"{name} ({outcome})" for name, outcome in outcomes)
        super().__init__(
            f"expected a thumbnail of every picture to accept, got none of {told}; repair the function, or"
            " declare what it cannot do under [cannot] in function.toml"
        )


def accept(
    former: Baseline | None, observation: Observation, verdict: Verdict | None, *, reason: str, date: str
) -> Baseline:
    """Make the next baseline; `verdict` is on the former one, where it could be judged."""
    if not reason.strip():
        raise NoReasonError
    if observation.without_thumbnail:
        raise NotAcceptableError(observation.without_thumbnail.items())
    acceptance = Acceptance(
        date=date,
        reason=reason.strip(),
        then=_figures(former.snapshot, next(iter(former.memories), None)) if former else None,
        now=_figures(observation.snapshot, observation.memory),
        took_in=tuple(_taken_in(verdict)) if verdict else (),
    )
    return Baseline(
        thresholds=former.thresholds if former else Thresholds(),
        picture_thresholds=former.picture_thresholds if former else {},
        snapshot=observation.snapshot,
        memories=_memories(former, observation.memory),
        history=(*(former.history if former else ()), acceptance),
    )


def _memories(former: Baseline | None, memory: Memory) -> tuple[Memory, ...]:
    """Replace the peaks of this environment; others have been accepted elsewhere, and hold there."""
    others = former.memories if former else ()
    return (memory, *(other for other in others if other.environment != memory.environment))


def _figures(snapshot: Snapshot, memory: Memory | None) -> Figures:
    scores = [thumbnail.ssimulacra2 for thumbnail in snapshot.thumbnails.values()]
    return Figures(
        pictures=len(snapshot.thumbnails),
        set_bytes=snapshot.set_bytes,
        mean_ssimulacra2=round(fmean(scores), 4) if scores else 0.0,
        largest_peak_bytes=max(memory.peak_bytes.values(), default=0) if memory else 0,
        package_unzipped_bytes=snapshot.package.unzipped_bytes,
    )


def _taken_in(verdict: Verdict) -> Iterator[str]:
    for check in verdict.regressions:
        yield f"whole set, {sentence(check)}"
    for entry in verdict.pictures:
        for check in entry.regressions:
            yield f"{entry.name}, {sentence(check)}"
        if entry.reason:
            yield f"{entry.name}: {entry.reason}"
