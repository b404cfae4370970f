"""The baseline: what the gate holds a function to, in a JSON file, its thumbnails in a folder beside it."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.gate.snapshot import (
    Memory,
    MemoryEnvironment,
    PackageSize,
    Provenance,
    Snapshot,
    Thumbnail,
)
from benchmarks.gate.thresholds import Thresholds
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """One line of a baseline's history: when and why it was taken, and what that changed."""

    date: str
    reason: str
    then: Figures | None
    now: Figures
    took_in: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What a function is held to; `memories` has one entry for each environment that has accepted it."""

    thresholds: Thresholds
    snapshot: Snapshot
    memories: tuple[Memory, ...]
    history: tuple[Acceptance, ...]
    picture_thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict, hash=False)

    def thresholds_of(self, picture: str) -> Thresholds:
        """Give everybody's thresholds, with what the picture has of its own."""
        return self.thresholds.overridden(self.picture_thresholds.get(picture, {}))

    def memory_in(self, environment: MemoryEnvironment) -> Memory | None:
        """Find the peaks that were accepted in an environment like this one."""
        return next((memory for memory in self.memories if memory.environment == environment), None)


def thumbnails_folder(path: Path) -> Path:
    """Say where a baseline's thumbnails lie."""
    return path.with_suffix("")


def read(path: Path) -> tuple[Baseline, dict[str, bytes]]:
    """Read a baseline and its thumbnails."""
    baseline = _parsed(path)
    folder = thumbnails_folder(path)
    images = {
        name: _image(folder / thumbnail.file_name, thumbnail.sha256)
        for name, thumbnail in baseline.snapshot.thumbnails.items()
    }
    return baseline, images


def write(path: Path, baseline: Baseline, images: Mapping[str, bytes], *, former: Baseline | None) -> None:
    """Put a baseline and its thumbnails in the place of the former."""
    folder = thumbnails_folder(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, image in images.items():
            _replace(folder / baseline.snapshot.thumbnails[name].file_name, image)
        _replace(path, (json.dumps(_stored(baseline), indent=1, ensure_ascii=False) + "\n").encode())
        # Only what is known to be a baseline's: the folder may be somebody's own.
        for file_name in _file_names(former) - _file_names(baseline):
            (folder / file_name).unlink(missing_ok=True)
    except OSError as exc:
        raise BaselineNotWrittenError(path, exc) from exc


def _file_names(baseline: Baseline | None) -> set[str]:
    return {entry.file_name for entry in baseline.snapshot.thumbnails.values()} if baseline else set()


def _parsed(path: Path) -> Baseline:
    try:
        stored: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoBaselineError(path) from None
    except (OSError, ValueError) as exc:
        raise UnreadableBaselineError(path, str(exc)) from exc
    came = stored.get("format") if isinstance(stored, dict) else None
    if came != FORMAT:
        raise UnreadableBaselineError(path, f"format {came!r}" if came else "something else")
    try:
        return _baseline(stored)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise UnreadableBaselineError(path, f"{type(exc).__name__}: {exc}") from exc


def _baseline(stored: Mapping[str, Any]) -> Baseline:
    snapshot = stored["snapshot"]
    function = dict(snapshot["function"])
    baseline = Baseline(
        thresholds=Thresholds().overridden(stored["thresholds"]),
        picture_thresholds=stored["picture_thresholds"],
        snapshot=Snapshot(
            function=Provenance(**{**function, "requirements": tuple(function["requirements"])}),
            package=PackageSize(**snapshot["package"]),
            scorer=snapshot["scorer"],
            thumbnails={name: Thumbnail(**entry) for name, entry in snapshot["thumbnails"].items()},
        ),
        memories=tuple(
            Memory(environment=MemoryEnvironment(**entry["environment"]), peak_bytes=entry["peak_bytes"])
            for entry in stored["memories"]
        ),
        history=tuple(map(_acceptance, stored["history"])),
    )
    for picture in baseline.picture_thresholds:
        # A slip of the hand in one of them is found now, not when that picture regresses.
        baseline.thresholds_of(picture)
    return baseline


def _acceptance(stored: Mapping[str, Any]) -> Acceptance:
    return Acceptance(
        date=stored["date"],
        reason=stored["reason"],
        then=Figures(**stored["then"]) if stored["then"] else None,
        now=Figures(**stored["now"]),
        took_in=tuple(stored["took_in"]),
    )


def _stored(baseline: Baseline) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "thresholds": asdict(baseline.thresholds),
        "picture_thresholds": dict(baseline.picture_thresholds),
        "history": [asdict(entry) for entry in baseline.history],
        "snapshot": asdict(baseline.snapshot),
        "memories": [asdict(memory) for memory in baseline.memories],
    }


def _image(path: Path, sha256: str) -> bytes:
    try:
        image = path.read_bytes()
    except OSError as exc:
        raise BaselineThumbnailError(path, exc.strerror or str(exc)) from exc
    if hashlib.sha256(image).hexdigest() != sha256:
        raise BaselineThumbnailError(path, "another one")
    return image


def _replace(path: Path, content: bytes) -> None:
    """Write whole or not at all: an interrupted run must not leave half a baseline."""
    descriptor, unfinished = tempfile.mkstemp(prefix=".unfinished-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)
