"""A case of the table: an act, its expected result, and the source that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from harness.cdn.cache import Cache, Fetched, Key
from harness.cdn.rules import errors
from harness.cdn.rules.errors import ErrorRule
from harness.cdn.rules.freshness import Lifetimes
from harness.cdn.rules.message import Response

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide"
EXPIRATION: Final = f"{_GUIDE}/Expiration.html"
ERRORS: Final = f"{_GUIDE}/HTTPStatusCodes.html"
ERROR_TIME: Final = f"{_GUIDE}/custom-error-pages-expiration.html"
ERROR_PAGES: Final = f"{_GUIDE}/GeneratingCustomErrorResponses.html"
INVALIDATION: Final = f"{_GUIDE}/Invalidation.html"
COMPRESSION: Final = f"{_GUIDE}/ServingCompressedFiles.html"
RANGES: Final = f"{_GUIDE}/RangeGETs.html"
S3_ORIGIN: Final = f"{_GUIDE}/RequestAndResponseBehaviorS3Origin.html"
PATTERNS: Final = f"{_GUIDE}/DownloadDistValuesCacheBehavior.html"
CACHE_KEY: Final = f"{_GUIDE}/understanding-the-cache-key.html"
S3_KEYS: Final = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"
S3_PLUS: Final = "https://yetanothermichael.com/coding/2022/10/11/the-problem-with-plus-signs-and-s3.html"
CREATE_INVALIDATION: Final = (
    "https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html"
)


def rfc(number: int, section: str) -> str:
    """Name a section of an RFC."""
    return f"https://www.rfc-editor.org/rfc/rfc{number}#section-{section}"


@dataclass(frozen=True)
class Case:
    """One rule: `act` gives `expected`, says `source`."""

    name: str
    source: str
    act: Callable[[], object]
    expected: object


NOW: Final = 1_000_000.0
DAY: Final = 86_400.0
YEAR: Final = 31_536_000.0
TEMPLATE: Final = Lifetimes()
FLOOR: Final = Lifetimes(minimum_seconds=60, default_seconds=600, maximum_seconds=6_000)


class Edge:
    """A cache with a clock, and an origin whose answers each case chooses."""

    def __init__(self, ttl: Lifetimes = TEMPLATE, rule: ErrorRule = errors.USUAL) -> None:
        self.cache = Cache(limit_bytes=10**6)
        self.now = NOW
        self.asked: list[Mapping[str, str]] = []
        self._ttl = ttl
        self._rule = rule

    def request(self, origin: Response, *, page: Response | None = None) -> tuple[str, int]:
        """Request the one object; return X-Cache and the status that the viewer sees."""
        key = Key("/object")
        if found := self.cache.look_up(key, now=self.now):
            return "Error" if found.entry.is_error else "Hit", found.entry.response.status
        fetched = self.fetch(origin, page=page)
        return fetched.x_cache, fetched.entry.response.status

    def fetch(self, origin: Response, *, page: Response | None = None) -> Fetched:
        """Ask the origin, whatever the cache has."""
        ticket = self.cache.begin(Key("/object"), now=self.now)
        self.asked.append(ticket.headers)
        return self.cache.finish(ticket, origin, ttl=self._ttl, rule=self._rule, page=page)

    def later(self, seconds: float) -> Edge:
        """Let time pass."""
        self.now += seconds
        return self


def answer(status: int = 200, body: bytes = b"body", **headers: str) -> Response:
    """Make an origin's answer; underscores in the headers' names are hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers=named, body=body)
