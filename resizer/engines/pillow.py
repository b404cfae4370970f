"""Pillow: everything at once in memory, quick to start, and the quickest at JPEG.

`decode` has all pixels in memory afterwards, of a JPEG at the smallest of the scales 1, 1/2, 1/4 and 1/8 that
still covers the thumbnail. `resize` does the rest: cut, shrink or enlarge, turn upright, convert to sRGB.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, cast

from PIL import Image, JpegImagePlugin, WebPImagePlugin

from resizer import exif
from resizer.engines.switched import encode
from resizer.errors import DamagedImageError
from resizer.formats import Buffer, Format, OutputFormat
from resizer.switches import NONE, Kernel

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

    from resizer.header import Header
    from resizer.switches import Encoding

# Ours decides, on the header, before Pillow sees the picture.
Image.MAX_IMAGE_PIXELS = None

# Imported when first met: together they would add half to the cold start of a JPEG.
_PLUGINS = {
    Format.PNG: ("PIL.PngImagePlugin", "PngImageFile"),
    Format.GIF: ("PIL.GifImagePlugin", "GifImageFile"),
    Format.TIFF: ("PIL.TiffImagePlugin", "TiffImageFile"),
    Format.AVIF: ("PIL.AvifImagePlugin", "AvifImageFile"),
    Format.BMP: ("PIL.BmpImagePlugin", "BmpImageFile"),
}

# What Pillow's readers let through when a file contradicts itself; its documentation names OSError only.
_COMPLAINTS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    RuntimeError,
    struct.error,
    zlib.error,
)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_PREMULTIPLIED = {"LA": "La", "RGBA": "RGBa"}
_STRAIGHT = {"La": "LA", "RGBa": "RGBA"}

_KERNELS = {
    Kernel.LANCZOS3: Image.Resampling.LANCZOS,
    Kernel.CUBIC: Image.Resampling.BICUBIC,
    Kernel.LINEAR: Image.Resampling.BILINEAR,
}

# A whole multiple of the target by box averages first, Lanczos for the rest: libvips' own default, and twice
# as fast as Lanczos alone.
_REDUCING_GAP = 2.0


class PillowEngine:
    """Thumbnails by Pillow."""

    name = "pillow"

    def decode(self, data: Buffer, header: Header, size: int) -> PillowPicture:
        """Decode the whole picture, a JPEG at a smaller scale."""
        with _translated(header):
            image = _open(data, header.format)
            if image.width * image.height > header.pixels:
                raise DamagedImageError(header.format, "it holds more pixels than its header says")
            if header.format is Format.JPEG:
                image.draft(None, (size, size))
            image.load()
            return PillowPicture(image, _orientation(image, header))


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG without its resolution: looking for that in the EXIF would import the TIFF reader."""

    def _read_dpi_from_exif(self) -> None:
        pass


@dataclass(frozen=True)
class PillowPicture:
    """A decoded picture."""

    image: Image.Image
    orientation: int

    def resize(self, size: int, kernel: Kernel = Kernel.LANCZOS3) -> PillowSmall:
        """Cut, shrink, turn and convert, in the order of the least work."""
        image = _resample(_resizable(self.image), size, kernel)
        if self.orientation in _TURNS:
            image = image.transpose(_TURNS[self.orientation])
        if image.mode in {"RGB", "RGBA"} and "icc_profile" not in self.image.info:
            return PillowSmall(image)
        from resizer.engines.pillow_colour import to_srgb  # noqa: PLC0415  for few pictures, and 10 ms

        return PillowSmall(to_srgb(image, self.image.info.get("icc_profile")))


@dataclass(frozen=True)
class PillowSmall:
    """A thumbnail's pixels, RGB or RGBA."""

    image: Image.Image

    @classmethod
    def from_pixels(cls, mode: str, size: tuple[int, int], pixels: bytes) -> PillowSmall:
        """Take over another engine's pixels."""
        return cls(Image.frombytes(mode, size, pixels))

    def shrink(self, size: int, kernel: Kernel = Kernel.LANCZOS3) -> PillowSmall:
        """Resample them as a picture is."""
        return PillowSmall(_resample(_resizable(self.image), size, kernel))

    def encode(self, encoding: Encoding) -> bytes:
        """Write them by Pillow's encoders, or by the one that has the switches."""
        image, kind = self.image, encoding.format
        if encoding.switches != NONE:
            return encode(image.mode, image.size, image.tobytes(), encoding)
        # A fresh picture, since Pillow's writers put what `info` holds into the file.
        image.info.clear()
        output = _Named(f"thumbnail{kind.extension}")
        if kind is OutputFormat.WEBP:
            image.save(output, quality=encoding.quality, method=encoding.effort)
        elif kind is OutputFormat.AVIF:
            image.save(output, quality=encoding.quality, speed=9 - encoding.effort, max_threads=1)
        else:
            _on_white(image).save(output, quality=encoding.quality, optimize=True)
        return output.getvalue()


class _Named(io.BytesIO):
    """A file in memory with a name, by whose ending Pillow imports one plugin instead of five."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


@contextmanager
def _translated(header: Header) -> Iterator[None]:
    """Turn Pillow's many errors about a file into ours, but not those about memory."""
    try:
        yield
    except _COMPLAINTS as exc:
        if "out of memory" in str(exc):
            raise MemoryError(str(exc)) from exc
        raise DamagedImageError(header.format, str(exc)) from exc


class _View(io.RawIOBase):
    """A file that reads from memory where it lies; io.BytesIO would copy all of it."""

    def __init__(self, data: Buffer) -> None:
        super().__init__()
        self._data = memoryview(data)
        self._place = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Copy the next bytes, all that are left without a size."""
        start = min(self._place, len(self._data))
        end = len(self._data) if size is None or size < 0 else min(start + size, len(self._data))
        self._place = end
        return bytes(self._data[start:end])

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place, which may lie behind the end."""
        origins = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: len(self._data)}
        self._place = max(0, origins[whence] + offset)
        return self._place

    def tell(self) -> int:
        """Say where the next bytes come from."""
        return self._place


def _open(data: Buffer, kind: Format) -> ImageFile:
    """Open by the reader of this format alone; Image.open would import and ask five."""
    file = cast("BinaryIO", _View(data))
    if kind is Format.JPEG:
        return _Jpeg(file)
    if kind is Format.WEBP:
        return WebPImagePlugin.WebPImageFile(file)
    module, name = _PLUGINS[kind]
    plugin = import_module(module)
    if kind is Format.AVIF:
        # As many threads as cores are seen; but a function of 512 MB has less than a third of one.
        vars(plugin)["DEFAULT_MAX_THREADS"] = 1
    image: ImageFile = getattr(plugin, name)(file)
    return image


def _orientation(image: ImageFile, header: Header) -> int:
    if header.format is Format.JPEG:
        return header.orientation
    # Pillow turns a TIFF upright by itself while loading it.
    if header.format is Format.TIFF or "exif" not in image.info:
        return 1
    # Pillow would read every tag into memory, and there may be thousands of the same large bytes.
    return exif.orientation(image.info["exif"].removeprefix(b"Exif\0\0"))


def _resizable(image: Image.Image) -> Image.Image:
    """Bring the picture to a mode in which pixels can be averaged: no indices, alpha premultiplied."""
    if image.mode in {"LA", "RGBA"}:
        return _cut(image).convert(_PREMULTIPLIED[image.mode])
    if image.has_transparency_data:
        return _cut(image).convert("RGBA").convert("RGBa")
    if image.mode in {"P", "PA"}:
        return _cut(image).convert("RGB")
    return image.convert("L") if image.mode == "1" else image


def _cut(image: Image.Image) -> Image.Image:
    """Cut away what the square does not show, as much on either side, so that the middle stays in place."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, image.width - left, image.height - top)) if left or top else image


def _resample(image: Image.Image, size: int, kernel: Kernel) -> Image.Image:
    """Bring the centred square to its size; the box may lie at half pixels, so eight orientations agree."""
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    # Pillow cannot average 16-bit pixels by boxes.
    gap = None if image.mode.startswith("I;16") else _REDUCING_GAP
    small = image.resize(
        (size, size), _KERNELS[kernel], box=(left, top, left + side, top + side), reducing_gap=gap
    )
    return small.convert(_STRAIGHT[small.mode]) if small.mode in _STRAIGHT else small


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")
