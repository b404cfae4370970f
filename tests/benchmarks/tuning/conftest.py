"""A sweep over small pictures, with real workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from benchmarks.tuning.samples import Sample

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Two pictures with something to see in them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return [_sample(folder / "warm.png", (220, 120, 40)), _sample(folder / "cold.png", (40, 120, 220))]


def _sample(path: Path, colour: tuple[int, int, int]) -> Sample:
    image = Image.radial_gradient("L").resize((300, 200))
    Image.merge("RGB", [image.point([level * part // 255 for level in range(256)]) for part in colour]).save(
        path
    )
    return Sample(name=path.name, trait="a gradient", path=path)
