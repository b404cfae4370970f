"""The pictures of a sweep: what the function makes of each before it encodes, and the lossless thumbnail."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image

from benchmarks.bench.plan import NotAPhotoFolderError
from benchmarks.bench.quality import lossless_thumbnail
from benchmarks.tuning.trial import Pixels
from fixtures.pictures import READABLE
from harness.errors import ThumbrigError
from resizer.engines import engine_for
from resizer.engines.pillow import PillowSmall
from resizer.errors import ResizerError
from resizer.header import read_header
from resizer.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from resizer.switches import Kernel

_SETTINGS = Settings(bucket_name="none")
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".avif", ".bmp"}
# One of each kind: detail, night, skin and sky.
_QUICK = {"reference.jpg", "photo-dark.jpg", "photo-smooth.jpg"}


class UnreadablePictureError(ThumbrigError):
    """Raised when a picture of the sweep cannot be read."""

    def __init__(self, path: Path, reason: Exception) -> None:
        super().__init__(
            f"{path}: expected a picture that the function can read, got: {' '.join(str(reason).split())};"
            " leave it out of the folder"
        )


@dataclass(frozen=True, kw_only=True)
class TuningPicture:
    """A picture to encode by many settings; photos have `photo_like`."""

    name: str
    trait: str
    path: Path
    photo_like: bool = True

    def lossless(self) -> Pixels:
        """Return what thumbnails are scored against; it is the same for every kernel."""
        return _lossless(self.path)

    def pixels(self, kernel: Kernel) -> Pixels:
        """Return what the function encodes."""
        return _small(self.path, kernel)


def tuning_pictures(folder: Path | None, *, quick: bool) -> tuple[list[TuningPicture], list[TuningPicture]]:
    """Choose the pictures to tune for; on the rest only the pick is tried."""
    if folder:
        return _own(folder), []
    fixtures = [
        TuningPicture(name=entry.name, trait=entry.trait, path=entry.path(), photo_like=entry.photo_like)
        for entry in READABLE
    ]
    photos = [picture for picture in fixtures if picture.photo_like]
    if quick:
        return [picture for picture in photos if picture.name in _QUICK], []
    return photos, [picture for picture in fixtures if not picture.photo_like]


@cache
def digest(pixels: Pixels) -> str:
    """Name pixels by their content."""
    return hashlib.sha256(f"{pixels.mode}{pixels.size}".encode() + pixels.data).hexdigest()


def _own(folder: Path) -> list[TuningPicture]:
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    photos = [path for path in paths if path.suffix.lower() in _ENDINGS]
    if not photos:
        raise NotAPhotoFolderError(folder)
    return [TuningPicture(name=path.name, trait="your own photo", path=path) for path in photos]


@cache
def _lossless(path: Path) -> Pixels:
    try:
        return _of(lossless_thumbnail(path.read_bytes(), (_SETTINGS.size, _SETTINGS.size)))
    # Damaged pictures raise nearly anything.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise UnreadablePictureError(path, exc) from exc


@cache
def _small(path: Path, kernel: Kernel) -> Pixels:
    try:
        data = path.read_bytes()
        header = read_header(data, max_pixels=_SETTINGS.max_pixels)
        engine = engine_for(
            _SETTINGS.engine, header, _SETTINGS.memory, file_bytes=len(data), size=_SETTINGS.size
        )
        small = engine.decode(memoryview(data), header, _SETTINGS.size).resize(_SETTINGS.size, kernel)
    except (OSError, ResizerError) as exc:
        raise UnreadablePictureError(path, exc) from exc
    if not isinstance(small, PillowSmall):
        raise AssertionError(  # noqa: TRY004  no argument is wrong, this file is
            f"{_SETTINGS.engine} encodes with Pillow, whichever engine made the pixels"
        )
    return _of(small.image)


def _of(image: Image.Image) -> Pixels:
    return Pixels(mode=image.mode, size=image.size, data=image.tobytes())
