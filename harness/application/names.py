"""What an application makes of a person's file name."""

from __future__ import annotations

import mimetypes
import unicodedata
from pathlib import PurePosixPath
from typing import Final

# S3 allows keys of 1,024 bytes; the prefix and the uuid must find room beside the name.
_MOST_STEM_BYTES: Final = 512
_MOST_EXTENSION_BYTES: Final = 64

# What an older Python, or a machine without a list of types, does not know.
_IMAGE_TYPES: Final = {".avif": "image/avif", ".heic": "image/heic", ".webp": "image/webp"}


def safe_name(filename: str) -> str:
    """Make a person's file name fit for a key: its last part, without control characters, cut to a length."""
    name = PurePosixPath(filename.replace("\\", "/")).name
    printable = "".join(letter for letter in name if unicodedata.category(letter) != "Cc")
    stem, dot, extension = printable.rpartition(".")
    if not stem:
        return _cut(printable, _MOST_STEM_BYTES) or "photo"
    return f"{_cut(stem, _MOST_STEM_BYTES)}{dot}{_cut(extension, _MOST_EXTENSION_BYTES)}"


def content_type_of(key: str) -> str:
    """Return an image's type by its name; a file that is no image gets a type that no browser runs."""
    suffix = PurePosixPath(key).suffix.lower()
    found = _IMAGE_TYPES.get(suffix) or mimetypes.guess_type(f"photo{suffix}")[0] or ""
    # An SVG drawing may hold scripts, and the CDN can read originals too.
    return found if found.startswith("image/") and "svg" not in found else "application/octet-stream"


def _cut(text: str, most_bytes: int) -> str:
    # A letter that the cut goes through is left out.
    return text.encode()[:most_bytes].decode(errors="ignore")
