"""A GIF's header: the screen that its frames are drawn on."""

from __future__ import annotations

import struct

from resizer.formats import Buffer, Format
from resizer.header import Header


def read(data: Buffer) -> Header:
    """Read the logical screen's size; a transparent frame may come anywhere."""
    width, height = struct.unpack_from("<HH", data, 6)
    return Header(format=Format.GIF, width=width, height=height, channels=1, alpha=True)
