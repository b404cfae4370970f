"""libvips up to the small picture, Pillow from there: each does what it is faster at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resizer.engines.pillow import PillowSmall
from resizer.engines.vips import VipsEngine
from resizer.switches import Kernel

if TYPE_CHECKING:
    from resizer.engines.vips import VipsPicture
    from resizer.formats import Buffer
    from resizer.header import Header


class VipsToPillowEngine:
    """Thumbnails whose pixels libvips makes and Pillow writes."""

    name = VipsEngine.name
    reads = VipsEngine.reads

    def decode(self, data: Buffer, header: Header, size: int) -> VipsToPillowPicture:
        """Open the picture as libvips does."""
        return VipsToPillowPicture(VipsEngine().decode(data, header, size))


@dataclass(frozen=True)
class VipsToPillowPicture:
    """A picture that libvips has opened."""

    picture: VipsPicture

    def resize(self, size: int, kernel: Kernel = Kernel.LANCZOS3) -> PillowSmall:
        """Decode and shrink as libvips does, and hand the pixels over."""
        return PillowSmall.from_pixels(*self.picture.resize(size, kernel).pixels())
