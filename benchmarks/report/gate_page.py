"""The gate's page: one file that holds everything, the thumbnails then and now side by side."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image, ImageChops

from benchmarks.gate.snapshot import Observation
from benchmarks.gate.verdict import Verdict
from benchmarks.gate.wording import NOTHING_CHANGED, PictureWords, VerdictWords
from benchmarks.report.base import fill
from harness.plotting.images import EmbeddedImage, embedded

TIMES = 8
# Between the dark and the light pages that a transparent thumbnail may lie on.
_PAGE = (128, 128, 128, 255)
_QUALITY = 80


@dataclass(frozen=True, kw_only=True)
class JudgedPicture:
    """One picture with its two thumbnails; `css_class` holds them."""

    words: PictureWords
    css_class: str
    then: EmbeddedImage | None
    now: EmbeddedImage | None
    difference: EmbeddedImage | None


def gate_page(
    verdict: Verdict, words: VerdictWords, images_then: Mapping[str, bytes], observation: Observation
) -> str:
    """Make the page."""
    now = observation.images
    red = [*words.missing, *words.regressed]
    # Of those that held only the ones that are not the very same file.
    changed = [entry for entry in words.held if images_then.get(entry.name) != now.get(entry.name)]
    pictures = [
        _picture(f"t{number}", entry, images_then.get(entry.name), now.get(entry.name))
        for number, entry in enumerate([*red, *changed])
    ]
    return fill(
        "gate.html.j2",
        verdict=verdict,
        words=words,
        nothing_changed=NOTHING_CHANGED,
        red=pictures[: len(red)],
        changed=pictures[len(red) :],
        held=[line for entry in words.held for line in entry.lines],
        observation=observation,
        difference_times=TIMES,
    )


def _picture(css_class: str, words: PictureWords, then: bytes | None, now: bytes | None) -> JudgedPicture:
    unlike = difference(then, now) if then and now else None
    return JudgedPicture(
        words=words,
        css_class=css_class,
        then=embedded(then) if then else None,
        now=embedded(now) if now else None,
        difference=embedded(unlike) if unlike else None,
    )


def difference(then: bytes, now: bytes) -> bytes | None:
    """Make a picture of the differences, each enlarged; None for two thumbnails of unequal sizes."""
    before, after = _on_page(then), _on_page(now)
    if before.size != after.size:
        return None
    enlarged = ImageChops.difference(before, after).point(lambda level: min(255, level * TIMES))
    buffer = io.BytesIO()
    enlarged.save(buffer, "WEBP", quality=_QUALITY)
    return buffer.getvalue()


def _on_page(thumbnail: bytes) -> Image.Image:
    with Image.open(io.BytesIO(thumbnail)) as image:
        page = Image.new("RGBA", image.size, _PAGE)
        return Image.alpha_composite(page, image.convert("RGBA")).convert("RGB")
