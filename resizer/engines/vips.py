"""libvips: the picture flows through in strips, so a large one needs little memory.

It is lazy. `decode` only opens the picture (a JPEG or WebP at a smaller scale); the pixels are decoded while
`resize` pulls them through, so that step's time holds both. `encode` is timed apart, because `resize` ends
with the small picture in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyvips

from resizer.engines.pillow import PillowSmall
from resizer.engines.switched import encode
from resizer.errors import DamagedImageError
from resizer.formats import Buffer, Format, OutputFormat
from resizer.header import Header
from resizer.memory import keep_little
from resizer.switches import NONE, Encoding, Kernel

# Each picture comes once, so remembering operations only costs memory; and a function of 512 MB has less than
# a third of one core.
pyvips.cache_set_max(0)
pyvips.concurrency_set(1)
keep_little()

_LOADERS = {
    Format.JPEG: "jpegload_source",
    Format.PNG: "pngload_source",
    Format.WEBP: "webpload_source",
    Format.GIF: "gifload_source",
    Format.TIFF: "tiffload_source",
    Format.AVIF: "heifload_source",
}

# libjpeg scales by these while it decodes.
_JPEG_SHRINKS = (8, 4, 2)
# libwebp scales to any size, but by plain averages: the last halving is left to Lanczos.
_WEBP_REST = 2
# More than Lanczos looks beyond the edge of the square when it enlarges.
_MARGIN_PIXELS = 8
_CMYK_BANDS = 4


@dataclass(frozen=True)
class VipsEngine:
    """Thumbnails by libvips; with `to_pillow` Pillow writes them, which it does faster."""

    to_pillow: bool = False
    name = "vips"

    def decode(self, data: Buffer, header: Header, size: int) -> VipsPicture:
        """Open the picture; its pixels are decoded once somebody asks for them."""
        with _translated(header):
            # A source reads the caller's memory, a buffer would be copied.
            source = pyvips.Source.new_from_memory(data)
            load = getattr(pyvips.Image, _LOADERS[header.format])
            # libjpeg warns of many a sound JPEG, for a few bytes too many; and Pillow would not hear it.
            fail_on = "error" if header.format is Format.JPEG else "warning"
            image = load(source, access="sequential", fail_on=fail_on, **_options(header, size))
            if image.width * image.height > header.pixels:
                raise DamagedImageError(header.format, "it holds more pixels than its header says")
            return VipsPicture(image, header, self.to_pillow)


@dataclass(frozen=True)
class VipsPicture:
    """An opened picture."""

    image: pyvips.Image
    header: Header
    to_pillow: bool

    def resize(self, size: int, kernel: Kernel = Kernel.LANCZOS3) -> VipsSmall | PillowSmall:
        """Decode, cut and shrink or enlarge strip by strip; then turn and convert what is small by now."""
        with _translated(self.header):
            small = _square(self.image, size, kernel).copy_memory()
            converted = VipsSmall(_to_srgb(small.autorot()).copy_memory())
        return PillowSmall.from_pixels(*converted.pixels()) if self.to_pillow else converted


@dataclass(frozen=True)
class VipsSmall:
    """A thumbnail's pixels, three or four bands of 8 bits."""

    image: pyvips.Image

    def pixels(self) -> tuple[str, tuple[int, int], bytes]:
        """Return mode, size and bytes, as Pillow takes them."""
        mode = "RGBA" if self.image.hasalpha() else "RGB"
        return mode, (self.image.width, self.image.height), bytes(self.image.write_to_memory())

    def shrink(self, size: int, kernel: Kernel = Kernel.LANCZOS3) -> VipsSmall:
        """Resample them as a picture is."""
        return VipsSmall(_square(self.image, size, kernel).copy_memory())

    def encode(self, encoding: Encoding) -> bytes:
        """Write them by libvips' encoders, or by the one that has the switches."""
        kind, quality = encoding.format, encoding.quality
        if encoding.switches != NONE:
            return encode(*self.pixels(), encoding)
        written: bytes
        if kind is OutputFormat.WEBP:
            written = self.image.webpsave_buffer(Q=quality, effort=encoding.effort, keep="none")
        elif kind is OutputFormat.AVIF:
            written = self.image.heifsave_buffer(
                Q=quality, effort=encoding.effort, compression="av1", keep="none"
            )
        else:
            written = self.image.jpegsave_buffer(
                Q=quality, optimize_coding=True, background=[255, 255, 255], keep="none"
            )
        return written


@contextmanager
def _translated(header: Header) -> Iterator[None]:
    """Turn libvips' errors about a file into ours, but not those about memory."""
    try:
        yield
    except pyvips.Error as exc:
        reason = " ".join(str(exc).split())
        if "out of memory" in reason:
            raise MemoryError(reason) from exc
        raise DamagedImageError(header.format, reason) from exc


def _options(header: Header, size: int) -> dict[str, Any]:
    """Choose the loader's own scale, never smaller than the thumbnail."""
    if header.format is Format.TIFF:
        # Its own limit is 50 MB, for one strip; resizer/memory.py has weighed this picture already.
        return {"unlimited": True}
    factor = min(header.width, header.height) / size
    if header.format is Format.JPEG:
        return {"shrink": next((shrink for shrink in _JPEG_SHRINKS if factor >= shrink), 1)}
    if header.format is Format.WEBP and factor > _WEBP_REST:
        return {"scale": _WEBP_REST / factor}
    return {}


def _square(image: pyvips.Image, size: int, kernel: Kernel) -> pyvips.Image:
    """Cut out the centred square and resample it, alpha premultiplied."""
    depth, alpha = image.format, image.hasalpha()
    if alpha:
        image = image.premultiply().cast(depth)
    bring = _shrunk if min(image.width, image.height) >= size else _enlarged
    image = bring(image, size, kernel)
    return image.unpremultiply().cast(depth) if alpha else image


def _shrunk(image: pyvips.Image, size: int, kernel: Kernel) -> pyvips.Image:
    """Cut first; a side may stay one pixel longer, which keeps the middle in place and is not visible."""
    image = _middle(image, min(image.width, image.height))
    return image.resize(size / image.width, vscale=size / image.height, kernel=kernel.value)


def _enlarged(image: pyvips.Image, size: int, kernel: Kernel) -> pyvips.Image:
    """Cut roughly before, as a very thin picture enlarged whole would pass libvips' limits; exactly after."""
    side = min(image.width, image.height)
    image = _middle(image, side + 2 * _MARGIN_PIXELS).resize(size / side, kernel=kernel.value)
    left, top = (image.width - size) // 2, (image.height - size) // 2
    return image.crop(left, top, size, size)


def _middle(image: pyvips.Image, side: int) -> pyvips.Image:
    left, top = max(0, (image.width - side) // 2), max(0, (image.height - side) // 2)
    return image.crop(left, top, image.width - 2 * left, image.height - 2 * top) if left or top else image


def _to_srgb(image: pyvips.Image) -> pyvips.Image:
    """Convert by the embedded profile; without a usable one, by what the bands mean."""
    if image.get_typeof("icc-profile-data"):
        try:
            return image.icc_transform("srgb", embedded=True, intent="perceptual").copy_memory()
        except pyvips.Error:
            image = image.copy()
            image.remove("icc-profile-data")
    if image.interpretation == "cmyk":
        return _from_plain_cmyk(image)
    return image.colourspace("srgb").cast("uchar")


def _from_plain_cmyk(image: pyvips.Image) -> pyvips.Image:
    """Convert by R = 255 (1 - C) (1 - K), as Pillow does; libvips would take a printing profile."""
    if image.format == "ushort":
        image = image.cast("uchar", shift=True)
    light = 255 - image[:_CMYK_BANDS]
    colours = (light[:3] * light[3] / 255).rint().cast("uchar")
    return colours.copy(interpretation="srgb")
