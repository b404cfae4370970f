"""What a worker does: it encodes one picture by several settings, and returns a trial of each.

It may run on another machine, which receives this module and what it imports, and nothing else of the rig.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from types import ModuleType

import pyvips
from PIL import Image, features

from benchmarks.bench import quality
from resizer.engines import libwebp, switched
from resizer.engines.pillow import PillowSmall
from resizer.engines.vips import VipsSmall
from resizer.errors import ResizerError
from resizer.switches import Encoding

# A slow encoder is timed less often than a quick one: nobody chooses it for its CPU time.
_SECONDS_A_SETTING = 0.15
_LEAST_ROUNDS = 2

# CPU time is the process's, so a worker with several threads takes one job at a time.
_alone = threading.Lock()


class TrialFailedError(RuntimeError):
    """Raised when an encoder does not take a setting; made of a text alone, so that it can be pickled."""


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """A small picture in the form that is sent from process to process."""

    mode: str
    size: tuple[int, int]
    data: bytes

    def image(self) -> Image.Image:
        """Return it as an image of Pillow."""
        return Image.frombytes(self.mode, self.size, self.data)

    def small(self) -> PillowSmall:
        """Return it as the function has it before it encodes."""
        return PillowSmall.from_pixels(self.mode, self.size, self.data)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture and the encodings to try on it, all on the same pixels, with today's to compare with."""

    lossless: Pixels
    pixels: Pixels
    encodings: tuple[Encoding, ...]
    today_pixels: Pixels
    today: Encoding
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What one encoding gave; `today_cpu_ms` was measured in turns with `cpu_ms`, so their ratio counts."""

    size_bytes: int
    ssimulacra2: float
    cpu_ms: float
    today_cpu_ms: float


def measure(job: Job) -> list[Trial]:
    """Encode, score, and measure the CPU time in turns; the least of several rounds counts."""
    with _alone:
        lossless = job.lossless.image()
        tried = [job.today, *job.encodings]
        smalls = [job.today_pixels.small(), *(job.pixels.small() for _ in job.encodings)]
        files = [_encode(small, encoding) for small, encoding in zip(smalls, tried, strict=True)]
        scores = [quality.score(file, lossless) for file in files[1:]]
        seconds = _least_seconds(smalls, tried, rounds=job.rounds)
        return [
            Trial(
                size_bytes=len(file),
                ssimulacra2=round(found, 4),
                cpu_ms=round(took * 1000, 4),
                today_cpu_ms=round(seconds[0] * 1000, 4),
            )
            for file, found, took in zip(files[1:], scores, seconds[1:], strict=True)
        ]


def _encode(small: PillowSmall, encoding: Encoding) -> bytes:
    try:
        return small.encode(encoding)
    except ResizerError as exc:
        raise TrialFailedError(str(exc)) from None


def _least_seconds(smalls: list[PillowSmall], tried: list[Encoding], *, rounds: int) -> list[float]:
    least = [_cpu_seconds(small, encoding) for small, encoding in zip(smalls, tried, strict=True)]
    for number in range(1, rounds):
        for place in range(len(tried)):
            # One that always followed the same other would always find its data in the processor's caches.
            index = (place + number) % len(tried)
            if number < _LEAST_ROUNDS or number * least[index] < _SECONDS_A_SETTING:
                least[index] = min(least[index], _cpu_seconds(smalls[index], tried[index]))
    return least


def _cpu_seconds(small: PillowSmall, encoding: Encoding) -> float:
    start = time.process_time()
    small.encode(encoding)
    return time.process_time() - start


def versions() -> dict[str, str]:
    """Name the libraries that decide bytes and scores, and the rig's own code by its content."""
    return {
        "Pillow": features.version("pil") or "unknown",
        "libwebp": features.version("webp") or "none",
        "libavif": features.version("avif") or "none",
        "pyvips-binary": metadata.version("pyvips-binary"),
        "libvips": ".".join(str(pyvips.version(part)) for part in range(3)),
        "ssimulacra2": metadata.version("ssimulacra2"),
        "numpy": metadata.version("numpy"),
        "code": _code(),
    }


def _code() -> str:
    """Name the code that decides bytes, scores and CPU time of a trial by its content."""
    deciding: tuple[ModuleType | type | Callable[..., object], ...] = (
        quality,
        sys.modules[__name__],
        libwebp,
        switched,
        PillowSmall.encode,
        VipsSmall.encode,
    )
    # Not from files: a worker has the code in a zip.
    return hashlib.sha256("".join(map(inspect.getsource, deciding)).encode()).hexdigest()[:16]
