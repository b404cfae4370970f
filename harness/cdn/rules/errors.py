"""How long CloudFront remembers an error, and what it shows instead.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/custom-error-pages-expiration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.cdn.rules.freshness import Lifetimes, explicit_lifetime
from harness.cdn.rules.message import Response

DEFAULT_SECONDS: Final = 10.0

# The first page lists 403 among the statuses that need a header. The second says that it is remembered for
# 10 s like the rest, and so does everybody with a private bucket behind CloudFront: the rig's main case.
_ALWAYS = frozenset({403, 404, 414, 500, 501, 502, 503, 504})
_WITH_MAX_AGE = frozenset({400, 405, 412, 415})


@dataclass(frozen=True, kw_only=True)
class ErrorRule:
    """A distribution's rule for one status: how long it is remembered at least, and which page is shown."""

    minimum_seconds: float = DEFAULT_SECONDS
    page_path: str | None = None
    page_status: int | None = None


USUAL: Final = ErrorRule()


def error_lifetime(
    status: int, headers: Mapping[str, str], rule: ErrorRule, ttl: Lifetimes, *, now: float
) -> float:
    """Return for how many seconds an error is served again without asking the origin."""
    explicit = explicit_lifetime(headers, now=now)
    if status not in _ALWAYS and not (status in _WITH_MAX_AGE and explicit):
        return 0.0
    return max(rule.minimum_seconds, min(explicit or 0.0, ttl.maximum_seconds))


def hides_stale(status: int) -> bool:
    """Whether a stale object is served instead of this answer."""
    return status >= 500  # noqa: PLR2004  the origin's own failures


def with_page(error: Response, page: Response, rule: ErrorRule) -> Response:
    """Put the custom page in the error's place.

    If the page itself is an error, the viewer gets that error.
    """
    if page.is_error:
        return page
    return Response(status=rule.page_status or error.status, headers=page.headers, body=page.body)
