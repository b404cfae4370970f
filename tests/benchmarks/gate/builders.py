"""Makes what the gate compares, without a function that made it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace

from PIL import Image

from benchmarks.gate.accept import accept
from benchmarks.gate.baseline import Baseline
from benchmarks.gate.snapshot import (
    MemoryEnvironment,
    Observation,
    PackageSize,
    PeakMemory,
    Provenance,
    Snapshot,
    ThumbnailFigures,
)

HERE = MemoryEnvironment(
    limiter="cgroup-v2", runtime="python3.13", system="linux", architecture="x86_64", cores=2
)
MB = 2**20


def thumbnail(  # noqa: PLR0913  each is a figure of it
    name: str = "a.jpg",
    *,
    size_bytes: int = 1000,
    score: float = 70.0,
    size: tuple[int, int] = (150, 150),
    original: str = "original",
    sha256: str | None = None,
) -> ThumbnailFigures:
    """One thumbnail; any other figure makes it another file."""
    return ThumbnailFigures(
        file_name=f"{name}.webp",
        original_sha256=original,
        sha256=sha256 or f"{size_bytes} {score} {size}",
        size_bytes=size_bytes,
        width_pixels=size[0],
        height_pixels=size[1],
        ssimulacra2=score,
    )


def provenance(  # noqa: PLR0913  each is a part of it
    *,
    name: str = "resizer",
    requirements: tuple[str, ...] = ("Pillow==13.0.0",),
    files: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    libraries: Mapping[str, str] | None = None,
    build: str = "one build",
    platform: str = "linux glibc x86_64",
) -> Provenance:
    """What made them."""
    return Provenance(
        name=name,
        runtime="python3.13",
        requirements=requirements,
        files_sha256=files or {"handler.py": "11111111"},
        settings=settings or {"THUMBNAIL_EFFORT": "6"},
        libraries=libraries or {"Pillow": "13.0.0", "webp in Pillow": "1.6.0"},
        platform=platform,
        build=build,
    )


def observation(  # noqa: PLR0913  each is a side of a run
    thumbnails: Mapping[str, ThumbnailFigures] | None = None,
    *,
    function: Provenance | None = None,
    peak_bytes: Mapping[str, int] | None = None,
    environment: MemoryEnvironment = HERE,
    package_bytes: int = 50_000_000,
    without_thumbnail: Mapping[str, str] | None = None,
    scorer: Mapping[str, str] | None = None,
) -> Observation:
    """One run."""
    made = {"a.jpg": thumbnail()} if thumbnails is None else thumbnails
    return Observation(
        snapshot=Snapshot(
            function=function or provenance(),
            package=PackageSize(unzipped_bytes=package_bytes, zip_bytes=package_bytes // 3),
            scorer=scorer or {"ssimulacra2": "0.3.0"},
            thumbnails=made,
        ),
        memory=PeakMemory(environment=environment, peak_bytes=peak_bytes or dict.fromkeys(made, 40 * MB)),
        images=dict.fromkeys(made, b"not looked at"),
        without_thumbnail=without_thumbnail or {},
    )


def baseline(observed: Observation | None = None) -> Baseline:
    """The baseline that a run becomes."""
    return accept(None, observed or observation(), None, reason="first baseline", date="2026-11-01")


def with_images(observed: Observation) -> Observation:
    """The same run, with thumbnails that are pictures."""
    images = {name: picture(index) for index, name in enumerate(observed.snapshot.thumbnails)}
    thumbnails = {
        name: replace(entry, sha256=hashlib.sha256(images[name]).hexdigest())
        for name, entry in observed.snapshot.thumbnails.items()
    }
    return replace(observed, snapshot=replace(observed.snapshot, thumbnails=thumbnails), images=images)


def picture(seed: int) -> bytes:
    """A small picture, another one for each seed."""
    buffer = io.BytesIO()
    Image.new("RGB", (150, 150), (seed * 40 % 256, 90, 120)).save(buffer, "WEBP")
    return buffer.getvalue()
