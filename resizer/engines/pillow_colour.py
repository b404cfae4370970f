"""Converts the colours of a small Pillow picture to sRGB, whatever they are."""

from __future__ import annotations

import io

from PIL import Image, ImageCms


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert by the embedded profile; without a usable one, by what the mode means."""
    image = _eight_bits(image)
    alpha = image.getchannel("A") if "A" in image.getbands() and image.mode != "LAB" else None
    converted = (profile and _by_profile(image, profile)) or _by_mode(image)
    if alpha:
        converted.putalpha(alpha)
    return converted


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16 bits to 8; Pillow's own conversion would cut off what lies over 255."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        return image.convert("I").point(lambda level: level * (1 / 257) + 0.5).convert("L")
    return image


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Convert by a profile; return None if it is damaged or made for another kind of picture."""
    colours = (
        image if image.mode in {"L", "RGB", "CMYK", "LAB"} else image.convert(_without_alpha(image.mode))
    )
    try:
        return ImageCms.profileToProfile(
            colours,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.PERCEPTUAL,
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return None


def _without_alpha(mode: str) -> str:
    return "L" if mode == "LA" else "RGB"


def _by_mode(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        return _lab(image)
    # For CMYK that is R = 255 (1 - C) (1 - K), in both engines: what a browser shows differs by the browser.
    return image.convert("RGB")


def _lab(image: Image.Image) -> Image.Image:
    to_rgb = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
    converted = ImageCms.applyTransform(image, to_rgb)
    if converted is None:
        raise AssertionError("a transform that is not in place returns a picture")
    return converted
