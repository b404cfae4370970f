"""What a machine measures with, told by itself; workers on other machines are asked the same."""

from __future__ import annotations

import hashlib
import inspect
from importlib import metadata
from typing import TYPE_CHECKING

import pyvips
from PIL import features

from benchmarks.bench import quality
from benchmarks.tuning import trial
from resizer.engines import libwebp, switched
from resizer.engines.pillow import PillowSmall
from resizer.engines.vips import VipsSmall

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

# What decides bytes, scores and CPU time of a trial, beside the libraries.
_CODE: tuple[ModuleType | type | Callable[..., object], ...] = (
    quality,
    trial,
    libwebp,
    switched,
    PillowSmall.encode,
    VipsSmall.encode,
)


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
    # Not from files: a worker has the code in a zip.
    return hashlib.sha256("".join(map(inspect.getsource, _CODE)).encode()).hexdigest()[:16]
