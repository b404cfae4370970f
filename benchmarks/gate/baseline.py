"""The baseline: what the gate holds a function to, in a JSON file, its thumbnails in a folder beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.gate.snapshot import MemoryEnvironment, PeakMemory, Snapshot
from harness.errors import ThumbrigError
from harness.files import replace_file

FORMAT = "thumbrig-gate-baseline/1"

_ACCEPT = '--accept "the reason"'


class NoBaselineError(ThumbrigError):
    """Raised when there is no baseline to compare with."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: expected a baseline, found none; restore it, or make one of today's thumbnails with"
            f" {_ACCEPT}"
        )


class UnreadableBaselineError(ThumbrigError):
    """Raised when a baseline cannot be read, or is of another version of the format."""

    def __init__(self, path: Path, came: str) -> None:
        super().__init__(
            f"{path}: expected a baseline of format {FORMAT}, got {came}; restore it, or use the rig"
            " that wrote it"
        )


class BaselineThumbnailError(ThumbrigError):
    """Raised when a thumbnail that a baseline names is not beside it, or is another one."""

    def __init__(self, path: Path, came: str) -> None:
        super().__init__(f"{path}: expected the baseline's thumbnail, got {came}; restore the file")


class BaselineNotWrittenError(ThumbrigError):
    """Raised when an accepted baseline cannot be written where it belongs."""

    def __init__(self, path: Path, reason: OSError) -> None:
        super().__init__(f"{path}: expected a place for the baseline, cannot write there: {reason.strerror}")


class ThresholdError(ValueError):
    """Raised when a threshold is unknown or below 0."""

    def __init__(self, name: str, value: float) -> None:
        known = ", ".join(entry.name for entry in fields(Thresholds))
        super().__init__(
            f"threshold {name!r}: expected a number of at least 0 for one of {known}, got {value!r}"
        )


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """How much worse is too much; a figure that is exactly at its threshold is held."""

    set_bytes_percent: float = 2.0
    bytes_percent: float = 5.0
    score_points: float = 1.0
    memory_percent: float = 10.0
    package_percent: float = 5.0

    def overridden(self, values: Mapping[str, float]) -> Thresholds:
        """Replace the thresholds that are named."""
        for name, value in values.items():
            if name not in vars(self) or value < 0:
                raise ThresholdError(name, value)
        return replace(self, **values)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A baseline in five numbers, for its history."""

    pictures: int
    set_bytes: int
    mean_ssimulacra2: float
    largest_peak_bytes: int
    package_unzipped_bytes: int


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """One entry of a baseline's history: when and why it was accepted, and what that changed."""

    date: str
    reason: str
    then: Figures | None
    now: Figures
    took_in: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What a function is held to; `memories` has one entry for each environment that has accepted it."""

    thresholds: Thresholds
    picture_thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict, hash=False)
    history: tuple[Acceptance, ...]
    snapshot: Snapshot
    memories: tuple[PeakMemory, ...]

    def thresholds_of(self, picture: str) -> Thresholds:
        """Return the common thresholds, with those that the picture has of its own."""
        return self.thresholds.overridden(self.picture_thresholds.get(picture, {}))

    def memory_in(self, environment: MemoryEnvironment) -> PeakMemory | None:
        """Find the peaks that were accepted in an environment like this one."""
        return next((memory for memory in self.memories if memory.environment == environment), None)


def read_baseline(path: Path) -> tuple[Baseline, dict[str, bytes]]:
    """Read a baseline and its thumbnails."""
    baseline = _parsed(path)
    images = {
        name: _image(path.with_suffix("") / thumbnail.file_name, thumbnail.sha256)
        for name, thumbnail in baseline.snapshot.thumbnails.items()
    }
    return baseline, images


def write_baseline(
    path: Path, baseline: Baseline, images: Mapping[str, bytes], *, former: Baseline | None
) -> None:
    """Put a baseline and its thumbnails in the place of the former."""
    folder = path.with_suffix("")
    document = {"format": FORMAT, **asdict(baseline)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, image in images.items():
            replace_file(folder / baseline.snapshot.thumbnails[name].file_name, image)
        replace_file(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        # Only what is known to be a baseline's: the folder may be somebody's own.
        for file_name in _file_names(former) - _file_names(baseline):
            (folder / file_name).unlink(missing_ok=True)
    except OSError as exc:
        raise BaselineNotWrittenError(path, exc) from exc


def _file_names(baseline: Baseline | None) -> set[str]:
    return {entry.file_name for entry in baseline.snapshot.thumbnails.values()} if baseline else set()


def _parsed(path: Path) -> Baseline:
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoBaselineError(path) from None
    except (OSError, ValueError) as exc:
        raise UnreadableBaselineError(path, str(exc)) from exc
    came = document.pop("format", None) if isinstance(document, dict) else None
    if came != FORMAT:
        raise UnreadableBaselineError(path, f"format {came!r}" if came else "something else")
    try:
        baseline = msgspec.convert(document, Baseline)
        # A slip of the hand is found now, not when that picture regresses.
        for thresholds in (document["thresholds"], *baseline.picture_thresholds.values()):
            baseline.thresholds.overridden(thresholds)
    except ValueError as exc:
        raise UnreadableBaselineError(path, str(exc)) from exc
    if unknown := ", ".join(_unknown_fields(document, asdict(baseline))):
        raise UnreadableBaselineError(path, f"unknown fields: {unknown}")
    return baseline


def _unknown_fields(stored: object, read: object) -> Iterator[str]:
    """Find what msgspec skips: fields that the format does not have."""
    if isinstance(stored, Mapping) and isinstance(read, Mapping):
        for name, value in stored.items():
            if name in read:
                yield from _unknown_fields(value, read[name])
            else:
                yield str(name)
    elif isinstance(stored, list) and isinstance(read, tuple):
        for before, after in zip(stored, read, strict=True):
            yield from _unknown_fields(before, after)


def _image(path: Path, sha256: str) -> bytes:
    try:
        image = path.read_bytes()
    except OSError as exc:
        raise BaselineThumbnailError(path, exc.strerror or str(exc)) from exc
    if hashlib.sha256(image).hexdigest() != sha256:
        raise BaselineThumbnailError(path, "another one")
    return image
