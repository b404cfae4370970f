"""What an engine is: three steps, one after the other, so that each can be timed."""

from __future__ import annotations

from typing import Protocol

from resizer.formats import Buffer
from resizer.header import Header
from resizer.switches import Encoding, Kernel


class Small(Protocol):
    """A thumbnail's pixels: upright, square, sRGB, with alpha only if the picture has some."""

    def shrink(self, size: int, kernel: Kernel = Kernel.LANCZOS3) -> Small:
        """Bring it to a smaller size, for the further sizes of a picture."""

    def encode(self, encoding: Encoding) -> bytes:
        """Write the pixels and nothing else: no EXIF, no XMP, no profile."""


class OpenPicture(Protocol):
    """A picture that an engine has opened."""

    def resize(self, size: int, kernel: Kernel = Kernel.LANCZOS3) -> Small:
        """Cut out the centred square and bring it to `size` pixels a side, smaller or larger."""


class Engine(Protocol):
    """One way to make thumbnails.

    Both steps that read the picture raise DamagedImageError if it is cut short, or corrupt in a way that its
    decoder notices: PNG carries checksums; in a JPEG, WebP or AVIF changed bytes may pass as other pixels.
    """

    @property
    def name(self) -> str:
        """What the log calls it."""

    def decode(self, data: Buffer, header: Header, size: int) -> OpenPicture:
        """Open the picture, at a scale that still covers a thumbnail of `size` if the format has scales."""
