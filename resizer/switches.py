"""How a thumbnail is written: format, quality, effort, and switches that nobody needs to set.

Each switch is served by the one encoder that has it: WebP's by the libwebp in Pillow's wheel, AVIF's by
Pillow, JPEG's by libvips, whose libjpeg is mozjpeg. `nox -s tune` measures what they do for a thumbnail.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from resizer.formats import OutputFormat


class Kernel(StrEnum):
    """A resampling kernel; both engines have these."""

    LANCZOS3 = "lanczos3"
    CUBIC = "cubic"
    LINEAR = "linear"


class Preset(StrEnum):
    """The kind of picture that libwebp expects; it sets the strengths below that are left open."""

    DEFAULT = "default"
    PICTURE = "picture"
    PHOTO = "photo"
    DRAWING = "drawing"
    ICON = "icon"
    TEXT = "text"


class Subsampling(StrEnum):
    """How many colour samples are kept: a quarter of them, or all."""

    QUARTER = "4:2:0"
    ALL = "4:4:4"


class Tune(StrEnum):
    """What libaom optimises for; libavif's default for still pictures is its "iq"."""

    DEFAULT = "default"
    PSNR = "psnr"
    SSIM = "ssim"
    SSIMULACRA2 = "ssimulacra2"


@dataclass(frozen=True, kw_only=True)
class Switches:
    """The switches of all formats, with their encoders' own defaults; None leaves it to the preset."""

    sharp_yuv: bool = False  # colour is halved where it is seen least, at the cost of some time
    preset: Preset = Preset.DEFAULT
    sns_strength: int | None = None  # how far bits are moved to where noise is seen
    filter_strength: int | None = None  # how far block edges are smoothed
    filter_sharpness: int | None = None
    passes: int = 1
    alpha_quality: int = 100
    subsampling: Subsampling = Subsampling.QUARTER
    tune: Tune = Tune.DEFAULT
    progressive: bool = False
    trellis: bool = False
    quant_table: int = 0


NONE = Switches()


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How a thumbnail is written; the effort is that of the format's own encoder."""

    format: OutputFormat
    quality: int
    effort: int
    switches: Switches = NONE


_WEBP = frozenset({OutputFormat.WEBP})
_AVIF = frozenset({OutputFormat.AVIF})
_JPEG = frozenset({OutputFormat.JPEG})

FORMATS = {
    "sharp_yuv": _WEBP,
    "preset": _WEBP,
    "sns_strength": _WEBP,
    "filter_strength": _WEBP,
    "filter_sharpness": _WEBP,
    "passes": _WEBP,
    "alpha_quality": _WEBP,
    "subsampling": _AVIF | _JPEG,
    "tune": _AVIF,
    "progressive": _JPEG,
    "trellis": _JPEG,
    "quant_table": _JPEG,
}
"""Which formats have a switch."""
