"""The engines, each a way to make a thumbnail of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resizer.engines.auto import preferred
from resizer.engines.pillow import PillowEngine
from resizer.formats import OutputFormat
from resizer.memory import choose_decoder
from resizer.switches import NONE

if TYPE_CHECKING:
    from resizer.engines.base import Engine
    from resizer.footprint import Decoder
    from resizer.header import Header
    from resizer.memory import Memory
    from resizer.settings import EngineName
    from resizer.switches import Encoding

_PILLOW = PillowEngine()


def engine_for(name: EngineName, header: Header, memory: Memory, *, file_bytes: int, size: int) -> Engine:
    """Return the engine that serves this picture: the configured one, or Pillow where that cannot read it.

    Raises TooMuchMemoryError where there is no room; `auto` tries the other engine before.
    """
    decoder = choose_decoder(_decoders(name, header), header, memory, file_bytes=file_bytes, size=size)
    return _PILLOW if decoder == "pillow" else _vips(to_pillow=name == "auto")


def _decoders(name: EngineName, header: Header) -> list[Decoder]:
    able = preferred(header)
    if name == "auto":
        return able
    return [name] if name in able else ["pillow"]


def prepare(name: EngineName, encoding: Encoding) -> None:
    """Import while the environment starts what every picture will need.

    For `auto` that is Pillow alone. libvips takes some 45 ms and 10 MB, and most uploads are JPEG, which
    never need it; the first picture of each environment that does pays for the import.
    """
    if name == "vips":
        _vips()
    if encoding.switches == NONE:
        return
    if encoding.format is OutputFormat.WEBP:
        from resizer.engines import libwebp  # noqa: PLC0415  for those who use its switches

        libwebp.load()
    elif encoding.format is OutputFormat.JPEG:
        _vips()


def _vips(*, to_pillow: bool = False) -> Engine:
    from resizer.engines.vips import VipsEngine  # noqa: PLC0415  see prepare

    return VipsEngine(to_pillow)
