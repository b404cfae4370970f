"""From an original's key to its thumbnail's."""

from __future__ import annotations

from urllib.parse import unquote_plus


def decode_key(encoded: str) -> str:
    """Undo what S3 does to a key in a notification: a space comes as `+`, the rest percent-encoded."""
    return unquote_plus(encoded)


def thumbnail_key(key: str, *, source_prefix: str, destination_prefix: str, extension: str) -> str:
    """Say where the thumbnail goes: the path below the source, its last extension replaced.

    A name without an extension keeps its whole name, and so does one whose only dot stands first (`.photo`).
    Originals that differ in nothing but the extension share one thumbnail.
    """
    folder, slash, name = key.removeprefix(source_prefix).rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{destination_prefix}{folder}{slash}{stem if dot and stem else name}{extension}"
