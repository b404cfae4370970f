"""How long an object stays fresh, and when a stale one may still be served.

RFC 9111, section 4.2, within CloudFront's minimum, default and maximum TTL:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.cdn.rules.message import parse_http_date

_RESTRICTING = ("no-cache", "no-store", "private")
# RFC 9111, section 1.2.2: the limit of larger numbers.
_MOST_SECONDS = 2**31
_DIRECTIVE = re.compile(r"""\s*([^\s=,"]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s,]*))?\s*(?:,|$)""")


@dataclass(frozen=True, kw_only=True)
class Lifetimes:
    """A cache policy's TTLs."""

    minimum_seconds: float = 0.0
    default_seconds: float = 86400.0
    maximum_seconds: float = 31536000.0


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How long an object may be served, by the origin's headers and the TTLs.

    After `lifetime_seconds` it is stale. From then on it may be served while it is revalidated in the
    background, and while the origin fails, for as long as these say; None is without end.
    """

    storable: bool
    lifetime_seconds: float
    stale_while_revalidate_seconds: float = 0.0
    stale_if_error_seconds: float | None = None


def freshness(headers: Mapping[str, str], ttl: Lifetimes, *, now: float) -> Freshness:
    """Decide for a response that is no error and came at `now`."""
    control = _CacheControl(headers.get("cache-control"))
    if any(directive in control for directive in _RESTRICTING):
        # CloudFront's deviation: a minimum TTL above 0 overrides the origin's headers.
        return Freshness(
            storable=ttl.minimum_seconds > 0 or not ("no-store" in control or "private" in control),
            lifetime_seconds=ttl.minimum_seconds,
            stale_if_error_seconds=_stale_if_error(control, ttl) if ttl.minimum_seconds > 0 else 0.0,
        )
    explicit = explicit_lifetime(headers, now=now)
    if explicit is None:
        lifetime = max(ttl.minimum_seconds, ttl.default_seconds)
    else:
        lifetime = min(max(explicit, ttl.minimum_seconds), ttl.maximum_seconds)
    return Freshness(
        storable=True,
        lifetime_seconds=lifetime,
        stale_while_revalidate_seconds=_stale_while_revalidate(control, ttl),
        stale_if_error_seconds=_stale_if_error(control, ttl),
    )


def explicit_lifetime(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the lifetime in the origin's headers: s-maxage, else max-age, else Expires."""
    control = _CacheControl(headers.get("cache-control"))
    for directive in ("s-maxage", "max-age"):
        if (seconds := control.seconds(directive)) is not None:
            return seconds
    if "expires" not in headers:
        return None
    expires = parse_http_date(headers["expires"])
    if expires is None:
        # RFC 9111, section 5.3: an invalid date, above all "0", is a time in the past.
        return 0.0
    # By the origin's own clock, which may differ from the edge's.
    date = parse_http_date(headers.get("date"))
    return max(0.0, expires - (now if date is None else date))


def initial_age(headers: Mapping[str, str]) -> float:
    """Return the age that a response had when it came: RFC 9111, section 4.2.3."""
    age = headers.get("age", "")
    return float(age) if age.isascii() and age.isdigit() else 0.0


def _stale_while_revalidate(control: _CacheControl, ttl: Lifetimes) -> float:
    if _must_revalidate(control):
        return 0.0
    return min(control.seconds("stale-while-revalidate") or 0.0, ttl.maximum_seconds)


def _stale_if_error(control: _CacheControl, ttl: Lifetimes) -> float | None:
    if _must_revalidate(control):
        return 0.0
    seconds = control.seconds("stale-if-error")
    return None if seconds is None else min(seconds, ttl.maximum_seconds)


def _must_revalidate(control: _CacheControl) -> bool:
    # RFC 9111, sections 5.2.2.2 and 5.2.2.8: such a response is never served stale.
    return "must-revalidate" in control or "proxy-revalidate" in control


class _CacheControl:
    """The directives of a response's Cache-Control header: RFC 9111, section 5.2."""

    def __init__(self, header: str | None) -> None:
        self._directives: dict[str, str] = {}
        for name, value in _DIRECTIVE.findall(header or ""):
            # RFC 9111, section 4.2.1: of a repeated directive, the first counts.
            self._directives.setdefault(name.lower(), value.strip('"'))

    def __contains__(self, directive: str) -> bool:
        return directive in self._directives

    def seconds(self, directive: str) -> float | None:
        """Return a directive's seconds: 0 if its value is no number, None if it is not there."""
        value = self._directives.get(directive)
        if value is None:
            return None
        # RFC 9111, section 4.2.1: a response with invalid freshness information counts as stale.
        return float(min(int(value), _MOST_SECONDS)) if value.isascii() and value.isdigit() else 0.0
