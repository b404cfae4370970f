"""Takes what was observed as the new baseline, with a reason and with what that changes. A pure function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import fmean

from benchmarks.gate.baseline import Acceptance, Baseline, Figures, Thresholds
from benchmarks.gate.snapshot import Observation, PeakMemory, Snapshot
from benchmarks.gate.verdict import GateStatus
from benchmarks.gate.wording import VerdictWords
from harness.errors import ThumbrigError


class NoReasonError(ThumbrigError):
    """Raised when a baseline is to be accepted without a reason."""

    def __init__(self) -> None:
        super().__init__(
            '--accept: expected a reason for those who come later, got none; write --accept "why"'
        )


class NotAcceptableError(ThumbrigError):
    """Raised when pictures have no thumbnail: a baseline without them would look complete."""

    def __init__(self, outcomes: Iterable[tuple[str, str]]) -> None:
        named = ", ".join(f"{name} ({outcome})" for name, outcome in outcomes)
        super().__init__(
            f"expected a thumbnail of every picture to accept, got none of {named}; repair the function, or"
            " declare what it cannot do under [cannot] in function.toml"
        )


def require_reason(reason: str) -> str:
    """Refuse an empty reason, before anything is measured."""
    if not reason.strip():
        raise NoReasonError
    return reason.strip()


def accept(
    former: Baseline | None, observation: Observation, words: VerdictWords | None, *, reason: str, date: str
) -> Baseline:
    """Make the next baseline; `words` are of the verdict on the former one, if that could be judged."""
    if observation.without_thumbnail:
        raise NotAcceptableError(observation.without_thumbnail.items())
    here = observation.memory
    acceptance = Acceptance(
        date=date,
        reason=require_reason(reason),
        then=_figures(former.snapshot, next(iter(former.memories), None)) if former else None,
        now=_figures(observation.snapshot, here),
        took_in=tuple(_taken_in(words)) if words else (),
    )
    # The peaks of other environments were accepted there, and still hold there.
    others = [entry for entry in former.memories if entry.environment != here.environment] if former else []
    return Baseline(
        thresholds=former.thresholds if former else Thresholds(),
        picture_thresholds=former.picture_thresholds if former else {},
        snapshot=observation.snapshot,
        memories=(here, *others),
        history=(*(former.history if former else ()), acceptance),
    )


def _figures(snapshot: Snapshot, memory: PeakMemory | None) -> Figures:
    scores = [thumbnail.ssimulacra2 for thumbnail in snapshot.thumbnails.values()]
    return Figures(
        pictures=len(snapshot.thumbnails),
        set_bytes=snapshot.set_bytes,
        mean_ssimulacra2=round(fmean(scores), 4) if scores else 0.0,
        largest_peak_bytes=max(memory.peak_bytes.values(), default=0) if memory else 0,
        package_unzipped_bytes=snapshot.package.unzipped_bytes,
    )


def _taken_in(words: VerdictWords) -> Iterator[str]:
    for line in words.whole:
        if line.status is GateStatus.REGRESSED:
            yield f"whole set, {line.sentence}"
    for entry in (*words.missing, *words.regressed):
        for line in entry.lines:
            if line.status is GateStatus.REGRESSED:
                yield f"{entry.name}, {line.sentence}"
        if entry.status is GateStatus.MISSING:
            yield f"{entry.name}: {entry.remark}"
