"""How good a thumbnail is: SSIMULACRA2 against a lossless one of the same picture.

The lossless one is made by the book: all pixels decoded, turned upright, converted to sRGB, the centred
square brought to its size by Lanczos, nothing encoded. No contender may take that much time and memory.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps
from ssimulacra2 import compute_ssimulacra2

_PAGES = (25, 230)


def lossless_thumbnail(data: bytes, size: tuple[int, int] = (150, 150)) -> Image.Image:
    """Make the thumbnail that encoded ones are held against."""
    image: Image.Image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode.startswith("I;16"):
        image = Image.fromarray(np.rint(np.asarray(image) / 257).astype(np.uint8))
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    image = _to_srgb(image)
    if alpha:
        image.putalpha(alpha)
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def score(thumbnail: bytes, lossless: Image.Image) -> float:
    """Give the SSIMULACRA2 score: 100 is the same, 70 high quality, 50 medium.

    With alpha it is the lower of the scores on a dark and on a light page, since what is invisible must not
    count; the library's own function for alpha does count it.
    """
    with Image.open(io.BytesIO(thumbnail)) as image:
        if lossless.mode != "RGBA":
            return _score_opaque(image.convert("RGB"), lossless)
        return min(_score_opaque(_on_page(image, grey), _on_page(lossless, grey)) for grey in _PAGES)


def _score_opaque(actual: Image.Image, expected: Image.Image) -> float:
    with tempfile.TemporaryDirectory() as folder:
        # The library reads files only.
        paths = Path(folder, "expected.png"), Path(folder, "actual.png")
        for image, path in zip((expected, actual), paths, strict=True):
            image.save(path)
        return float(compute_ssimulacra2(*map(str, paths)))


def _on_page(image: Image.Image, grey: int) -> Image.Image:
    page = Image.new("RGBA", image.size, (grey, grey, grey, 255))
    return Image.alpha_composite(page, image.convert("RGBA")).convert("RGB")


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile:
        return image.convert("RGB")
    converted = ImageCms.profileToProfile(
        image, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    if converted is None:
        raise AssertionError("a conversion that is not in place returns a picture")
    return converted
