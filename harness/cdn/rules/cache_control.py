"""The Cache-Control header: RFC 9111, section 5.2."""

from __future__ import annotations

import re

# RFC 9111, section 1.2.2: what is larger counts as this.
_MOST_SECONDS = 2**31
_DIRECTIVE = re.compile(r"""\s*([^\s=,"]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s,]*))?\s*(?:,|$)""")


class CacheControl:
    """The directives of a response."""

    def __init__(self, header: str | None) -> None:
        self._directives: dict[str, str] = {}
        for name, value in _DIRECTIVE.findall(header or ""):
            # RFC 9111, section 4.2.1: of a directive that is there twice, the first counts.
            self._directives.setdefault(name.lower(), value.strip('"'))

    def __contains__(self, directive: str) -> bool:
        return directive in self._directives

    def seconds(self, directive: str) -> float | None:
        """Give a directive's seconds; 0 if what it has is no number, None if it is not there."""
        value = self._directives.get(directive)
        if value is None:
            return None
        # RFC 9111, section 4.2.1: a response with invalid freshness information is best taken as stale.
        return float(min(int(value), _MOST_SECONDS)) if value.isascii() and value.isdigit() else 0.0
