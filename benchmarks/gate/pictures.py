"""Which pictures the gate looks at, each of them readable."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING

from benchmarks.bench.plan import bench_pictures
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.bench.plan import BenchPicture
    from harness.package.function import FunctionFolder


class UnreadableFixtureError(ThumbrigError):
    """Raised when a picture that the function is tried with cannot be read by the rig itself."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(
            f"{path}: expected a picture to judge by, cannot read it: {reason}; restore it, or take it out of"
            " the set"
        )


def choose(images: Path | None, function: FunctionFolder) -> list[BenchPicture]:
    """Choose a person's own pictures, or the catalogue's without those that the function cannot do."""
    subjects = bench_pictures((), images, quick=False)
    if images:
        _refuse_unreadable(images, subjects)
    return [subject for subject in subjects if subject.name not in function.cannot]


def read(subject: BenchPicture) -> bytes:
    """Read a picture's file."""
    try:
        return subject.path.read_bytes()
    except OSError as exc:
        raise UnreadableFixtureError(subject.path, exc.strerror) from exc


def _refuse_unreadable(images: Path, subjects: list[BenchPicture]) -> None:
    # They would drop out of the set without a word.
    chosen = {subject.name for subject in subjects}
    for path in sorted(images.iterdir()):
        media_type = mimetypes.guess_type(path.name)[0] or ""
        if media_type.startswith("image/") and path.name not in chosen:
            raise UnreadableFixtureError(path, "it is of no kind that the rig decodes, or damaged")
