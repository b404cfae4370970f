"""Pictures as parts of a page: shrunk to a preview, or byte for byte."""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageCms, ImageOps

# Twice the side of its place on the page, for dense screens.
_PREVIEW_SIDE: Final = 300
_PREVIEW_QUALITY: Final = 70
# Above it a preview costs more memory than a report may take.
_MOST_PIXELS: Final = 200_000_000

_MEDIA_TYPES: Final = {b"RIFF": "image/webp", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
_AVIF_BRAND: Final = b"ftypavif"


@dataclass(frozen=True, kw_only=True)
class EmbeddedImage:
    """A picture within a page: its data URI, and its size in pixels."""

    uri: str
    width: int
    height: int


def embedded(content: bytes) -> EmbeddedImage:
    """Embed a picture byte for byte."""
    with Image.open(io.BytesIO(content)) as image:
        return EmbeddedImage(uri=_uri(content, _media_type(content)), width=image.width, height=image.height)


def preview(path: Path) -> EmbeddedImage | None:
    """Shrink a picture as a viewer would show it, upright and in sRGB; None if it cannot be shown."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of many pixels and of odd metadata; test pictures have both.
            warnings.simplefilter("ignore")
            return _shrunk(path)
    # Damaged pictures raise nearly anything, and a report has to show the rest.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _shrunk(path: Path) -> EmbeddedImage | None:
    with Image.open(path) as opened:
        if opened.width * opened.height > _MOST_PIXELS:
            return None
        # Before anything else decodes: a JPEG is decoded at an eighth at best.
        opened.draft(None, (2 * _PREVIEW_SIDE, 2 * _PREVIEW_SIDE))
        image = ImageOps.exif_transpose(_in_srgb(opened))
    image.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_PREVIEW_QUALITY, method=4)
    return EmbeddedImage(uri=_uri(buffer.getvalue(), "image/webp"), width=image.width, height=image.height)


def _in_srgb(image: Image.Image) -> Image.Image:
    exif = image.getexif()
    if image.mode.startswith("I"):
        # Pillow would clip 16 bits, not scale them.
        image = image.point(lambda level: level / 256).convert("L")
    profile = image.info.get("icc_profile")
    if profile and image.mode in {"RGB", "CMYK"}:
        image = _converted(image, profile)
    elif image.mode not in {"RGB", "RGBA"}:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    # The orientation is read from what the conversions may have dropped.
    image.info["exif"] = exif.tobytes()
    image.info.pop("icc_profile", None)
    return image


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    try:
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except ImageCms.PyCMSError:
        return image.convert("RGB")
    return converted or image.convert("RGB")


def _media_type(content: bytes) -> str:
    if content[4:12] == _AVIF_BRAND:
        return "image/avif"
    return next((name for magic, name in _MEDIA_TYPES.items() if content.startswith(magic)), "image/webp")


def _uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
