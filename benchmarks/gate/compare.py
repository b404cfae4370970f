"""The decision: a baseline and an observation in, a verdict out. Nothing is measured and nothing printed."""

from __future__ import annotations

from fractions import Fraction
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks.gate.changes import changes
from benchmarks.gate.verdict import Check, Metric, NotCompared, Outcome, PictureVerdict, Verdict
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.gate.baseline import Baseline
    from benchmarks.gate.snapshot import Memory, Observation, Provenance, Snapshot, Thumbnail
    from benchmarks.gate.thresholds import Thresholds

_SCORE_DECIMALS = 4


class OtherFunctionError(ThumbrigError):
    """Raised when a baseline is of another function than the one to judge."""

    def __init__(self, then: str, now: str) -> None:
        super().__init__(
            f"expected a baseline of function {now!r}, got one of {then!r}; name the function's own with"
            " --baseline, or correct the name in function.toml"
        )


class OtherPicturesError(ThumbrigError):
    """Raised when a baseline shares no picture with the set at hand."""

    def __init__(self) -> None:
        super().__init__(
            "expected a baseline of these pictures, got one of entirely others; name the folder that it was"
            " made with by --images, or another baseline by --baseline"
        )


class OtherBuildError(ThumbrigError):
    """Raised when this machine brings another build of the same pins, and it makes other thumbnails."""

    def __init__(self, then: Snapshot, now: Snapshot) -> None:
        super().__init__(
            f"expected the encoder's build that the baseline was made with ({_build(then)}), got another"
            f" ({_build(now)}) without the function asking for it, and its thumbnails differ; judge on such a"
            ' machine, or make a baseline for this one: --baseline FILE --accept "the reason"'
        )


def require_judgeable(baseline: Baseline, observation: Observation) -> None:
    """Refuse what cannot be judged; a change of the function's own pins is for the gate to judge."""
    then, now = baseline.snapshot, observation.snapshot
    if then.function.name != now.function.name:
        raise OtherFunctionError(then.function.name, now.function.name)
    here = now.thumbnails.keys() | observation.without_thumbnail.keys()
    if then.thumbnails and not then.thumbnails.keys() & here:
        raise OtherPicturesError
    if _is_another_build(then.function, now.function) and _differ(then, now):
        raise OtherBuildError(then, now)


def compare(baseline: Baseline, observation: Observation) -> Verdict:
    """Hold every picture, and the whole set, to the baseline."""
    memory, not_compared = _comparable_memory(baseline, observation)
    pictures = tuple(_pictures(baseline, observation, memory))
    whole = tuple(_whole(baseline, observation, pictures, memory))
    return Verdict(
        function=observation.snapshot.function.name,
        baseline_date=baseline.history[-1].date if baseline.history else "",
        whole=whole,
        pictures=pictures,
        not_compared=tuple(not_compared),
        changes=tuple(changes(baseline.snapshot, observation.snapshot)),
        better=_is_better(whole, pictures),
    )


def grew(then: float, now: float, *, limit_percent: float) -> bool:
    """Tell whether a figure grew by more than the limit; what is exactly at it has not."""
    # Not in floats: 1.1 % of 1000 would be a little more than 11.
    return Fraction(now) - Fraction(then) > Fraction(then) * Fraction(str(limit_percent)) / 100


def fell(then: float, now: float, *, limit_points: float) -> bool:
    """Tell whether a score fell by more than the limit."""
    return round(then - now, _SCORE_DECIMALS) > limit_points


def _pictures(
    baseline: Baseline, observation: Observation, memory: Memory | None
) -> Iterator[PictureVerdict]:
    then, now = baseline.snapshot.thumbnails, observation.snapshot.thumbnails
    for name in sorted(then.keys() | now.keys() | observation.without_thumbnail.keys()):
        if reason := _missing(then.get(name), now.get(name), observation.without_thumbnail.get(name)):
            yield PictureVerdict(
                name=name, outcome=Outcome.MISSING, then=then.get(name), now=now.get(name), reason=reason
            )
        else:
            peaks = memory.peak_bytes if memory else {}
            checks = tuple(
                _checks(
                    then[name],
                    now[name],
                    baseline.thresholds_of(name),
                    peaks=(peaks.get(name), observation.memory.peak_bytes.get(name)),
                )
            )
            yield _picture(name, then[name], now[name], checks)


def _missing(then: Thumbnail | None, now: Thumbnail | None, outcome: str | None) -> str | None:
    if now is None:
        return f"no thumbnail: {outcome}" if outcome else "the picture is no longer in the set"
    if then is None:
        return "a new picture without a baseline"
    if then.original_sha256 != now.original_sha256:
        return "the picture itself was edited: its baseline is another picture's"
    return None


def _picture(name: str, then: Thumbnail, now: Thumbnail, checks: tuple[Check, ...]) -> PictureVerdict:
    regressed = {check.metric for check in checks if check.regressed}
    return PictureVerdict(
        name=name,
        outcome=Outcome.REGRESSED if regressed else Outcome.HELD,
        then=then,
        now=now,
        checks=checks,
        bought=Metric.SCORE in regressed and now.size_bytes < then.size_bytes,
    )


def _checks(
    then: Thumbnail, now: Thumbnail, thresholds: Thresholds, *, peaks: tuple[int | None, int | None]
) -> Iterator[Check]:
    yield _growth(Metric.BYTES, then.size_bytes, now.size_bytes, thresholds.bytes_percent)
    yield _fall(then.ssimulacra2, now.ssimulacra2, thresholds)
    sizes = (then.width_pixels, then.height_pixels), (now.width_pixels, now.height_pixels)
    yield Check(metric=Metric.PIXELS, then=sizes[0], now=sizes[1], limit=0.0, regressed=sizes[0] != sizes[1])
    peak_then, peak_now = peaks
    if peak_then and peak_now:
        yield _growth(Metric.MEMORY, peak_then, peak_now, thresholds.memory_percent)


def _whole(
    baseline: Baseline,
    observation: Observation,
    pictures: tuple[PictureVerdict, ...],
    memory: Memory | None,
) -> Iterator[Check]:
    """Sum up what has both sides: a missing picture is red by itself, and hides nothing of the others."""
    both = [entry for entry in pictures if entry.outcome is not Outcome.MISSING]
    then = [entry.then for entry in both if entry.then]
    now = [entry.now for entry in both if entry.now]
    thresholds = baseline.thresholds
    if both:
        yield _growth(Metric.BYTES, _bytes(then), _bytes(now), thresholds.set_bytes_percent)
        yield _fall(_mean_score(then), _mean_score(now), thresholds)
    peaks = memory.peak_bytes if memory else {}
    if names := peaks.keys() & {entry.name for entry in both}:
        highest = max(peaks[name] for name in names)
        highest_now = max(observation.memory.peak_bytes[name] for name in names)
        yield _growth(Metric.MEMORY, highest, highest_now, thresholds.memory_percent)
    sizes = baseline.snapshot.package, observation.snapshot.package
    yield _growth(
        Metric.PACKAGE, sizes[0].unzipped_bytes, sizes[1].unzipped_bytes, thresholds.package_percent
    )


def _bytes(thumbnails: list[Thumbnail]) -> int:
    return sum(thumbnail.size_bytes for thumbnail in thumbnails)


def _mean_score(thumbnails: list[Thumbnail]) -> float:
    return fmean(thumbnail.ssimulacra2 for thumbnail in thumbnails)


def _growth(metric: Metric, then: float, now: float, limit_percent: float) -> Check:
    return Check(
        metric=metric,
        then=then,
        now=now,
        limit=limit_percent,
        regressed=grew(then, now, limit_percent=limit_percent),
    )


def _fall(then: float, now: float, thresholds: Thresholds) -> Check:
    limit = thresholds.score_points
    return Check(
        metric=Metric.SCORE, then=then, now=now, limit=limit, regressed=fell(then, now, limit_points=limit)
    )


def _comparable_memory(
    baseline: Baseline, observation: Observation
) -> tuple[Memory | None, list[NotCompared]]:
    here = observation.memory.environment
    if found := baseline.memory_in(here):
        return found, []
    known = "; ".join(str(memory.environment) for memory in baseline.memories) or "none"
    reason = f"the baseline has peaks of {known}; here it is {here}"
    return None, [NotCompared(metric=Metric.MEMORY, reason=reason)]


def _is_better(whole: tuple[Check, ...], pictures: tuple[PictureVerdict, ...]) -> bool:
    """Tell whether nothing got worse over the whole set, and bytes or score got better."""
    if any(entry.outcome is not Outcome.HELD for entry in pictures):
        return False
    gains: Mapping[Metric, float] = {check.metric: _gain(check) for check in whole}
    # A peak and a package may differ by a little without anybody's doing.
    exact = [gains.get(metric, 0.0) for metric in (Metric.BYTES, Metric.SCORE)]
    return not any(check.regressed for check in whole) and min(exact) >= 0 and max(exact) > 0


def _gain(check: Check) -> float:
    if isinstance(check.then, tuple) or isinstance(check.now, tuple):
        return 0.0
    worth = check.now - check.then
    return worth if check.metric is Metric.SCORE else -worth


def _is_another_build(then: Provenance, now: Provenance) -> bool:
    """Tell a build that the machine brought from one that the function's own change asked for."""
    return then.platform != now.platform or (
        then.requirements == now.requirements and then.build != now.build
    )


def _differ(then: Snapshot, now: Snapshot) -> bool:
    return any(
        then.thumbnails[name].sha256 != now.thumbnails[name].sha256
        and then.thumbnails[name].original_sha256 == now.thumbnails[name].original_sha256
        for name in then.thumbnails.keys() & now.thumbnails.keys()
    )


def _build(snapshot: Snapshot) -> str:
    return f"{snapshot.function.platform}, {snapshot.function.build[:8]}"
