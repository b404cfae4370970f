"""Paths in a distribution's configuration and in invalidations.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_MOST_CHARACTERS: Final = 4_000
# RFC 1738, section 2.2: unsafe characters must be encoded in a URL.
_UNSAFE = re.compile(r'[^\x21-\x7e]|[<>"{}|\\^`]|%(?![0-9A-Fa-f]{2})')
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def invalidation_problem(path: str) -> str | None:
    """Return why a path cannot be invalidated; None if it can."""
    if not path.startswith("/"):
        return "it must begin with a slash"
    if len(path) > _MOST_CHARACTERS:
        return f"it is longer than {_MOST_CHARACTERS:,} characters"
    if "*" in path[:-1]:
        return "a wildcard can only be the last character"
    if _UNSAFE.search(path):
        return "characters that are not safe in a URL must be encoded"
    return None


def is_wildcard(path: str) -> bool:
    """Whether an invalidation's path ends with a wildcard."""
    return path.endswith("*")


def invalidates(path: str, stored: str) -> bool:
    """Whether an invalidation's path names a stored object's path (as `normalize_path` writes it)."""
    # An escape's digits may be in either case; an unescaped character does not match its escape.
    wanted = _ESCAPE.sub(lambda escape: escape[0].upper(), path)
    return stored.startswith(wanted[:-1]) if is_wildcard(wanted) else stored == wanted


def matches_pattern(pattern: str, path: str) -> bool:
    """Whether a cache behavior's path pattern (with * and ?) matches a path, case-sensitively."""
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    rooted = "/" + pattern.removeprefix("/")
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(character) or re.escape(character) for character in rooted), re.DOTALL)
