"""A BMP's header, of OS/2's first kind or of Windows' many."""

from __future__ import annotations

import struct

from resizer.formats import Buffer, Format
from resizer.header import Header

_OS2_HEADER_BYTES = 12
# Those of version 3 and later have a mask for alpha.
_ALPHA_HEADER_BYTES = 56
_ALPHA_BITS = 32


def read(data: Buffer) -> Header:
    """Read the size, the bits of a pixel, and whether they are compressed."""
    (header_bytes,) = struct.unpack_from("<I", data, 14)
    compression = 0
    if header_bytes == _OS2_HEADER_BYTES:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        # A negative height means rows from the top down.
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    return Header(
        format=Format.BMP,
        width=width,
        height=abs(height),
        bits=bits,
        compression=compression + 1,
        alpha=bits == _ALPHA_BITS and header_bytes >= _ALPHA_HEADER_BYTES,
    )
