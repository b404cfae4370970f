"""The pictures to tune for: what the function encodes of each, and a lossless thumbnail."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from PIL import Image

from benchmarks.bench.plan import BenchPicture, NotAPhotoFolderError, bench_pictures
from benchmarks.bench.quality import lossless_thumbnail
from benchmarks.tuning.trial import Pixels
from fixtures.pictures import READABLE
from harness.errors import ThumbrigError
from resizer.engines import engine_for
from resizer.engines.pillow import PillowSmall
from resizer.errors import ResizerError
from resizer.header import read_header
from resizer.settings import Settings
from resizer.switches import Kernel

_SETTINGS = Settings(bucket_name="none")
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".avif", ".bmp"}
# One of each kind: detail, night, skin and sky.
_QUICK = ("reference.jpg", "photo-dark.jpg", "photo-smooth.jpg")


class UnreadablePictureError(ThumbrigError):
    """Raised when a picture to tune for cannot be read."""

    def __init__(self, path: Path, reason: Exception) -> None:
        super().__init__(
            f"{path}: expected a picture that the function can read, got: {' '.join(str(reason).split())};"
            " leave it out of the folder"
        )


def tuning_pictures(folder: Path | None, *, quick: bool) -> tuple[list[BenchPicture], list[BenchPicture]]:
    """Choose the pictures to tune for; on the rest only the pick is tried."""
    if folder:
        return _own(folder), []
    if quick:
        return bench_pictures(_QUICK, None, quick=False), []
    photos, rest = ([one.name for one in READABLE if one.photo_like is photo] for photo in (True, False))
    return bench_pictures(photos, None, quick=False), bench_pictures(rest, None, quick=False)


def _own(folder: Path) -> list[BenchPicture]:
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    photos = [path for path in paths if path.suffix.lower() in _ENDINGS]
    if not photos:
        raise NotAPhotoFolderError(folder)
    return [BenchPicture(name=path.name, trait="your own photo", path=path) for path in photos]


@cache
def digest(pixels: Pixels) -> str:
    """Name pixels by their content."""
    return hashlib.sha256(f"{pixels.mode}{pixels.size}".encode() + pixels.data).hexdigest()


@cache
def lossless_pixels(picture: BenchPicture) -> Pixels:
    """Return what thumbnails are scored against; it is the same for every kernel."""
    try:
        return _of(lossless_thumbnail(picture.path.read_bytes(), (_SETTINGS.size, _SETTINGS.size)))
    # Damaged pictures raise nearly anything.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise UnreadablePictureError(picture.path, exc) from exc


@cache
def pixels_to_encode(picture: BenchPicture, kernel: Kernel) -> Pixels:
    """Return what the function encodes."""
    try:
        data = picture.path.read_bytes()
        header = read_header(data, max_pixels=_SETTINGS.max_pixels)
        engine = engine_for(
            _SETTINGS.engine, header, _SETTINGS.memory, file_bytes=len(data), size=_SETTINGS.size
        )
        small = engine.decode(memoryview(data), header, _SETTINGS.size).resize(_SETTINGS.size, kernel)
    except (OSError, ResizerError) as exc:
        raise UnreadablePictureError(picture.path, exc) from exc
    if not isinstance(small, PillowSmall):
        raise AssertionError(  # noqa: TRY004  no argument is wrong, this file is
            f"{_SETTINGS.engine} encodes with Pillow, whichever engine made the pixels"
        )
    return _of(small.image)


def _of(image: Image.Image) -> Pixels:
    return Pixels(mode=image.mode, size=image.size, data=image.tobytes())
