"""The decision: a baseline and an observation in, a verdict with likely causes out. Pure functions only."""

from __future__ import annotations

from fractions import Fraction
from statistics import fmean
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.gate.verdict import Change, ChangeKind, Check, GateStatus, Metric, PictureVerdict, Verdict
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias

    from benchmarks.gate.baseline import Baseline, Thresholds
    from benchmarks.gate.snapshot import Observation, Provenance, Snapshot, ThumbnailFigures

    Peaks: TypeAlias = tuple[int, int]

_SCORE_DECIMALS = 4
_DIGEST_DIGITS = 8


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


def compare(baseline: Baseline, observation: Observation, *, accept_command: str = "") -> Verdict:
    """Hold every picture, and the whole set, to the baseline; refuses what cannot be judged."""
    then, now = baseline.snapshot, observation.snapshot
    _require_judgeable(then, observation)
    here = observation.memory.environment
    memory = baseline.memory_in(here)
    names = sorted(then.thumbnails.keys() | now.thumbnails.keys() | observation.without_thumbnail.keys())
    thresholds = {name: baseline.thresholds_of(name) for name in names}
    peaks = {
        name: (then_bytes, now_bytes)
        for name, then_bytes in (memory.peak_bytes if memory else {}).items()
        if then_bytes and (now_bytes := observation.memory.peak_bytes.get(name))
    }
    pictures = tuple(_picture(name, then, observation, thresholds[name], peaks.get(name)) for name in names)
    whole = tuple(_whole(baseline, now, pictures, peaks))
    known = "; ".join(str(entry.environment) for entry in baseline.memories) or "none"
    reason = f"the baseline has peaks of {known}; here it is {here}"
    return Verdict(
        function=now.function.name,
        baseline_date=baseline.history[-1].date if baseline.history else "",
        whole=whole,
        pictures=pictures,
        not_compared={} if memory else {Metric.MEMORY: reason},
        changes=tuple(changes(then, now)),
        better=_is_better(whole, pictures),
        accept_command=accept_command,
    )


def _require_judgeable(then: Snapshot, observation: Observation) -> None:
    now = observation.snapshot
    if then.function.name != now.function.name:
        raise OtherFunctionError(then.function.name, now.function.name)
    here = now.thumbnails.keys() | observation.without_thumbnail.keys()
    if then.thumbnails and not then.thumbnails.keys() & here:
        raise OtherPicturesError
    # A change of the function's own pins is for the gate to judge.
    if _is_another_build(then.function, now.function) and _differ(then, now):
        raise OtherBuildError(then, now)


def grew(then: float, now: float, *, limit_percent: float) -> bool:
    """Check whether a figure grew by more than the limit; one that is exactly at it has not."""
    # Not in floats: 1.1 % of 1000 would be a little more than 11.
    return Fraction(now) - Fraction(then) > Fraction(then) * Fraction(str(limit_percent)) / 100


def fell(then: float, now: float, *, limit_points: float) -> bool:
    """Check whether a score fell by more than the limit."""
    return round(then - now, _SCORE_DECIMALS) > limit_points


def _picture(
    name: str, before: Snapshot, observation: Observation, thresholds: Thresholds, peaks: Peaks | None
) -> PictureVerdict:
    then, now = before.thumbnails.get(name), observation.snapshot.thumbnails.get(name)
    reason = _missing(then, now, observation.without_thumbnail.get(name))
    if reason or not then or not now:
        return PictureVerdict(name=name, status=GateStatus.MISSING, then=then, now=now, reason=reason)
    checks = tuple(_checks(then, now, thresholds, peaks))
    regressed = {check.metric for check in checks if check.regressed}
    return PictureVerdict(
        name=name,
        status=GateStatus.REGRESSED if regressed else GateStatus.HELD,
        then=then,
        now=now,
        checks=checks,
        bought=Metric.SCORE in regressed and now.size_bytes < then.size_bytes,
    )


def _missing(then: ThumbnailFigures | None, now: ThumbnailFigures | None, outcome: str | None) -> str | None:
    if now is None:
        return f"no thumbnail: {outcome}" if outcome else "the picture is no longer in the set"
    if then is None:
        return "a new picture without a baseline"
    if then.original_sha256 != now.original_sha256:
        return "the picture itself was edited: its baseline is another picture's"
    return None


def _checks(
    then: ThumbnailFigures, now: ThumbnailFigures, thresholds: Thresholds, peaks: Peaks | None
) -> Iterator[Check]:
    yield _check(Metric.BYTES, then.size_bytes, now.size_bytes, thresholds.bytes_percent)
    yield _check(Metric.SCORE, then.ssimulacra2, now.ssimulacra2, thresholds.score_points)
    sizes = (then.width_pixels, then.height_pixels), (now.width_pixels, now.height_pixels)
    yield Check(metric=Metric.PIXELS, then=sizes[0], now=sizes[1], limit=0.0, regressed=sizes[0] != sizes[1])
    if peaks:
        yield _check(Metric.MEMORY, *peaks, thresholds.memory_percent)


def _whole(
    baseline: Baseline, now: Snapshot, pictures: tuple[PictureVerdict, ...], peaks: Mapping[str, Peaks]
) -> Iterator[Check]:
    """Sum up what has both sides: a missing picture is red by itself, and hides nothing of the others."""
    thresholds = baseline.thresholds
    both = [
        (entry.name, entry.then, entry.now)
        for entry in pictures
        if entry.status is not GateStatus.MISSING and entry.then and entry.now
    ]
    if both:
        sizes = sum(then.size_bytes for _, then, _ in both), sum(now.size_bytes for _, _, now in both)
        yield _check(Metric.BYTES, *sizes, thresholds.set_bytes_percent)
        scores = fmean(then.ssimulacra2 for _, then, _ in both), fmean(now.ssimulacra2 for _, _, now in both)
        yield _check(Metric.SCORE, *scores, thresholds.score_points)
    if shared := [peaks[name] for name, _, _ in both if name in peaks]:
        highest = max(then for then, _ in shared), max(now for _, now in shared)
        yield _check(Metric.MEMORY, *highest, thresholds.memory_percent)
    packages = baseline.snapshot.package.unzipped_bytes, now.package.unzipped_bytes
    yield _check(Metric.PACKAGE, *packages, thresholds.package_percent)


def _check(metric: Metric, then: float, now: float, limit: float) -> Check:
    if metric is Metric.SCORE:
        regressed = fell(then, now, limit_points=limit)
    else:
        regressed = grew(then, now, limit_percent=limit)
    return Check(metric=metric, then=then, now=now, limit=limit, regressed=regressed)


def _is_better(whole: tuple[Check, ...], pictures: tuple[PictureVerdict, ...]) -> bool:
    """Check that nothing got worse over the whole set, and that bytes or score got better."""
    held = not any(check.regressed for check in whole)
    held = held and all(entry.status is GateStatus.HELD for entry in pictures)
    # A peak and a package may differ by a little though nobody changed anything.
    worse_by = [check.worse_by for check in whole if check.metric in {Metric.BYTES, Metric.SCORE}]
    return held and max(worse_by, default=0.0) <= 0 and min(worse_by, default=0.0) < 0


def _is_another_build(then: Provenance, now: Provenance) -> bool:
    """Find a build that the machine brought, unlike one that the function's own change asked for."""
    same_pins = then.requirements == now.requirements
    return then.platform != now.platform or (same_pins and then.build != now.build)


def _differ(then: Snapshot, now: Snapshot) -> bool:
    return any(
        then.thumbnails[name].sha256 != now.thumbnails[name].sha256
        and then.thumbnails[name].original_sha256 == now.thumbnails[name].original_sha256
        for name in then.thumbnails.keys() & now.thumbnails.keys()
    )


def _build(snapshot: Snapshot) -> str:
    return f"{snapshot.function.platform}, {snapshot.function.build[:_DIGEST_DIGITS]}"


def changes(then: Snapshot, now: Snapshot) -> Iterator[Change]:
    """List what differs from the baseline, the likeliest cause of other thumbnails first."""
    before, after = then.function, now.function
    yield from _between(ChangeKind.SETTING, before.settings, after.settings)
    pins = _pins(before.requirements), _pins(after.requirements)
    requirements = list(_between(ChangeKind.REQUIREMENT, *pins))
    yield from requirements
    # A library of that name and version is in the list already.
    listed = {canonicalize_name(change.name) for change in requirements}
    for change in _between(ChangeKind.LIBRARY, before.libraries, after.libraries):
        # One that is new or gone came or went with a requirement, or with another Python.
        if change.then and change.now and canonicalize_name(change.name) not in listed:
            yield change
    yield from _between(ChangeKind.CODE, _short(before.files_sha256), _short(after.files_sha256))
    yield from _between(ChangeKind.RUNTIME, {"declared": before.runtime}, {"declared": after.runtime})
    yield from _between(ChangeKind.PLATFORM, {"here": before.platform}, {"here": after.platform})
    builds = _short({"in the package": before.build}), _short({"in the package": after.build})
    yield from _between(ChangeKind.BUILD, *builds)
    yield from _between(ChangeKind.PICTURE, _originals(then), _originals(now))
    yield from _between(ChangeKind.SCORER, then.scorer, now.scorer)


def _between(kind: ChangeKind, then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(then.keys() | now.keys()):
        if then.get(name) != now.get(name):
            yield Change(kind=kind, name=name, then=then.get(name), now=now.get(name))


def _pins(requirements: tuple[str, ...]) -> dict[str, str]:
    return dict(map(_pin, requirements))


def _pin(text: str) -> tuple[str, str]:
    """Split a pin into name and version: `@scope/name@1.2.3` or `Pillow==13.0.0; marker`."""
    name, at, version = text.rpartition("@")
    if at:
        return name, version
    pin = Requirement(text)
    version = ",".join(clause.version for clause in pin.specifier)
    return pin.name, f"{version}; {pin.marker}" if pin.marker else version


def _originals(snapshot: Snapshot) -> dict[str, str]:
    return _short({name: entry.original_sha256 for name, entry in snapshot.thumbnails.items()})


def _short(digests: Mapping[str, str]) -> dict[str, str]:
    return {name: digest[:_DIGEST_DIGITS] for name, digest in digests.items()}
