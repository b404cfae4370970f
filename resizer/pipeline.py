"""The steps from an original to its thumbnail, each timed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from resizer.engines import engine_for
from resizer.formats import Buffer
from resizer.header import read_header
from resizer.settings import Settings
from resizer.sizes import THUMBNAIL, thumbnail_key
from resizer.storage import Storage


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """The files made of a picture, by the names of their sizes, and how they were made."""

    files: Mapping[str, bytes]
    width: int
    height: int
    engine: str

    @property
    def data(self) -> bytes:
        """The thumbnail."""
        return self.files[THUMBNAIL]


@dataclass(frozen=True, kw_only=True)
class Result:
    """One original served; `keys` says where each size is."""

    original: str
    keys: Mapping[str, str]
    original_bytes: int
    rendered: Rendered
    milliseconds: dict[str, float]

    @property
    def thumbnail(self) -> str:
        """Where the thumbnail is."""
        return self.keys[THUMBNAIL]


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
    """Download an original, make its thumbnail and the further sizes, upload them."""
    watch = Stopwatch()
    keys = {
        size.name: thumbnail_key(
            key,
            source_prefix=settings.source_prefix,
            destination_prefix=size.prefix,
            extension=settings.format.extension,
        )
        for size in settings.sizes
    }
    with watch.step("download"):
        original = storage.get(key, admit=settings.memory.admit_file)
    rendered = render(original, settings=settings, watch=watch)
    with watch.step("upload"):
        # The thumbnail last, so that once it is there, the further sizes are too.
        for name in [*(name for name in keys if name != THUMBNAIL), THUMBNAIL]:
            storage.put(keys[name], rendered.files[name], content_type=settings.format.content_type)
    return Result(
        original=key,
        keys=keys,
        original_bytes=len(original),
        rendered=rendered,
        milliseconds=watch.milliseconds,
    )


def render(original: Buffer, *, settings: Settings, watch: Stopwatch) -> Rendered:
    """Make every size of a picture; each engine's module says what the steps mean to it.

    The picture is decoded and resized once, for the largest size, and the others are made from that one.
    libvips' rows flow by only once, and a second pass through a large picture would cost as much again.
    """
    largest = settings.largest_size
    with watch.step("decode"):
        header = read_header(original, max_pixels=settings.max_pixels)
        engine = engine_for(settings.engine, header, settings.memory, file_bytes=len(original), size=largest)
        picture = engine.decode(original, header, largest)
    with watch.step("resize"):
        first = picture.resize(largest, settings.kernel)
        smalls = {
            size.name: first if size.pixels == largest else first.shrink(size.pixels, settings.kernel)
            for size in settings.sizes
        }
    with watch.step("encode"):
        files = {name: small.encode(settings.encoding) for name, small in smalls.items()}
    return Rendered(files=files, width=header.width, height=header.height, engine=engine.name)
