"""An HTTP response, as far as a cache looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime


@dataclass(frozen=True, kw_only=True)
class Response:
    """A status, headers (their names in lower case) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def is_error(self) -> bool:
        """Whether CloudFront counts it as an error."""
        return self.status >= 400  # noqa: PLR2004  RFC 9110, section 15


def http_date(epoch_seconds: float) -> str:
    """Write a time as HTTP does."""
    return format_datetime(datetime.fromtimestamp(int(epoch_seconds), UTC), usegmt=True)


def parse_http_date(text: str | None) -> float | None:
    """Read a time as HTTP writes it; None if it cannot be read."""
    if not text:
        return None
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone, as C's asctime writes it, is UTC in HTTP.
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
