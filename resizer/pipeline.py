"""The steps from an original to its thumbnail, each timed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from resizer.engines import engine_for
from resizer.header import read_header
from resizer.keys import thumbnail_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resizer.formats import Buffer
    from resizer.settings import Settings
    from resizer.storage import Storage


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A thumbnail, and what is worth knowing about how it came to be."""

    data: bytes
    width: int
    height: int
    engine: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """One original served."""

    original: str
    thumbnail: str
    original_bytes: int
    rendered: Rendered
    milliseconds: dict[str, float]


@dataclass
class Stopwatch:
    """How long each step took, by its name."""

    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside the block."""
        start = time.perf_counter()
        yield
        self.milliseconds[name] = round((time.perf_counter() - start) * 1000, 3)


def serve(key: str, *, settings: Settings, storage: Storage) -> Result:
    """Download an original, make its thumbnail, upload that."""
    watch = Stopwatch()
    destination = thumbnail_key(
        key,
        source_prefix=settings.source_prefix,
        destination_prefix=settings.destination_prefix,
        extension=settings.format.extension,
    )
    with watch.step("download"):
        original = storage.get(key, admit=settings.memory.admit_file)
    rendered = render(original, settings=settings, watch=watch)
    with watch.step("upload"):
        storage.put(destination, rendered.data, content_type=settings.format.content_type)
    return Result(
        original=key,
        thumbnail=destination,
        original_bytes=len(original),
        rendered=rendered,
        milliseconds=watch.milliseconds,
    )


def render(original: Buffer, *, settings: Settings, watch: Stopwatch) -> Rendered:
    """Make a thumbnail of a picture; what the steps mean to each engine, its module says."""
    with watch.step("decode"):
        header = read_header(original, max_pixels=settings.max_pixels)
        engine = engine_for(
            settings.engine, header, settings.memory, file_bytes=len(original), size=settings.size
        )
        picture = engine.decode(original, header, settings.size)
    with watch.step("resize"):
        small = picture.resize(settings.size, settings.kernel)
    with watch.step("encode"):
        data = small.encode(settings.encoding)
    return Rendered(data=data, width=header.width, height=header.height, engine=engine.name)
