"""A sweep over small pictures, with real workers."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.bench.plan import BenchPicture


@pytest.fixture
def pictures(tmp_path: Path) -> list[BenchPicture]:
    """Two pictures with something to see in them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return [_picture(folder / "warm.png", (220, 120, 40)), _picture(folder / "cold.png", (40, 120, 220))]


def _picture(path: Path, colour: tuple[int, int, int]) -> BenchPicture:
    image = Image.radial_gradient("L").resize((300, 200))
    Image.merge("RGB", [image.point([level * part // 255 for level in range(256)]) for part in colour]).save(
        path
    )
    return BenchPicture(name=path.name, trait="a gradient", path=path)
