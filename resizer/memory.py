"""Refuses a picture that does not fit into the function's memory, before it kills the function.

Only large pictures are concerned. One that takes little beyond the function itself is never refused, since a
function too small for that could not start either.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from resizer.errors import TooMuchMemoryError
from resizer.footprint import Decoder, added_bytes
from resizer.formats import Format
from resizer.header import Header

_SMALL_BYTES = 16 * 2**20
_BYTE = 8
# As malloc.h has them.
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The function's memory, None if unknown, and how much of it is taken before any picture."""

    limit_bytes: int | None
    rest_bytes: int

    def holds(self, added_bytes: int) -> bool:
        """Return whether there is room for that much more."""
        return (
            self.limit_bytes is None
            or added_bytes <= _SMALL_BYTES
            or self.rest_bytes + added_bytes <= self.limit_bytes
        )

    def refuse(self, what: str, added_bytes: int, advice: str) -> NoReturn:
        """Raise an error that says why, and what to do."""
        raise TooMuchMemoryError(what, self.rest_bytes + added_bytes, self.limit_bytes or 0, advice)

    def admit_file(self, file_bytes: int) -> None:
        """Refuse a file that does not fit, before it is downloaded: it is held as a whole."""
        if not self.holds(file_bytes):
            self.refuse(f"a file of {file_bytes:,} bytes", file_bytes, "upload a smaller file")
        if self.limit_bytes and _resident_bytes() > self.rest_bytes:
            give_back()


def choose_decoder(
    decoders: Iterable[Decoder], header: Header, memory: Memory, *, file_bytes: int, size: int
) -> Decoder:
    """Return the first decoder that the picture fits with; raises TooMuchMemoryError."""
    added = {name: added_bytes(name, header, file_bytes=file_bytes, size=size) for name in decoders}
    fitting = next((name for name in added if memory.holds(added[name])), None)
    if fitting is None:
        memory.refuse(_describe(header), min(added.values()), _advice(header))
    if memory.limit_bytes and added[fitting] > _SMALL_BYTES:
        give_back()
    return fitting


def give_back() -> None:
    """Give memory back that earlier pictures freed: libc keeps tens of megabytes of it to reuse.

    Not ahead of every picture, since it takes some milliseconds.
    """
    import gc  # noqa: PLC0415  not for small pictures

    keep_little()
    gc.collect()
    _libc("malloc_trim", 0)


def keep_little() -> None:
    """Have libc keep little of what is freed, for all that is allocated from now on.

    libvips starts threads for every picture, and so does obstore. Each would have an arena of its own, from
    which libc gives little back; and having freed one large block, it would take the next out of an arena.
    """
    _libc("mallopt", _M_ARENA_MAX, 1)
    _libc("mallopt", _M_MMAP_THRESHOLD, 2**20)


def _libc(function: str, *arguments: int) -> None:
    """Call a function of glibc's, which Lambda has; elsewhere there is nothing to do."""
    import ctypes  # noqa: PLC0415  5 ms that only large pictures, and those for libvips, pay for

    with contextlib.suppress(AttributeError):
        getattr(ctypes.CDLL(None), function)(*arguments)


def _resident_bytes() -> int:
    """Return what the process holds, on Linux; that is where the limit is."""
    try:
        resident_pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except OSError:
        return 0
    return resident_pages * mmap.PAGESIZE


def _describe(header: Header) -> str:
    traits = {
        "progressive": header.format is Format.JPEG and header.interlaced,
        "multi-scan": header.coefficients and not header.interlaced,
        "interlaced": header.format is Format.PNG and header.interlaced,
        "16-bit": header.bits > _BYTE and header.format in {Format.PNG, Format.TIFF},
        "lossless": header.lossless,
        "animated": header.animated,
    }
    kind = " ".join([*(word for word, true in traits.items() if true), header.format])
    article = "an" if kind[0] in "aAi" else "a"
    return f"{article} {kind} of {header.width}x{header.height}"


def _advice(header: Header) -> str:
    if header.coefficients:
        return "save it as a baseline JPEG, upload a smaller one"
    if header.format is Format.PNG and header.interlaced:
        return "save it without interlacing, upload a smaller one"
    return (
        "upload a smaller one" if header.format is Format.JPEG else "save it as a JPEG, upload a smaller one"
    )
