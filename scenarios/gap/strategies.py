"""The gap between an upload and its thumbnail, and five ways for a page to get over it.

Time has two parts. Until the thumbnail is stored, it is real. From then on nothing happens but that cached
answers grow old, so the edge's clock is moved on from one request to the next instead of waiting. What passed
on that clock alone is given as `edge_clock_seconds`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from harness.application import Application, Thumbnail, Upload
from harness.application.application import READY_BACKOFF
from harness.cdn.edge import Edge
from harness.deployment import Deployment
from harness.observe.viewer import Answer, Viewer
from harness.wait import Backoff, wait_for

POLL_SECONDS: Final = 0.1
PLACEHOLDER_SECONDS: Final = 1

_PLACEHOLDER_KEY: Final = "placeholder.svg"
_PLACEHOLDER: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 150">'
    '<rect width="150" height="150" fill="#dde2e8"/><circle cx="75" cy="60" r="26" fill="#a3adba"/>'
    '<path d="M25 150a50 50 0 0 1 100 0z" fill="#a3adba"/></svg>'
)
_TIMEOUT_SECONDS: Final = 60.0
_OK: Final = 200
# A private bucket answers 403, not 404, to a client that may not list it; an emulator's may answer 404.
_MISSING: Final = (403, 404)


@dataclass(frozen=True, kw_only=True)
class ErrorAnswers:
    """Keep errors for `caching_seconds`; with `page_key` answer 200 and that object instead."""

    caching_seconds: int
    page_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A way over the gap: how the distribution is set for it, and what the page does."""

    title: str
    page: Callable[[Visit], None]
    error_answers: ErrorAnswers | None = None


@dataclass(frozen=True, kw_only=True)
class VisitResult:
    """What a person saw, and what it cost.

    `first_picture_seconds` is the time from the start of the upload to the first correct picture;
    `edge_clock_seconds` of it passed on the edge's clock only. Origin requests are those of the edge to the
    bucket; bucket requests those of the backend.
    """

    first_picture_seconds: float
    edge_clock_seconds: float
    viewer_requests: int
    origin_requests: int
    bucket_requests: int
    errors_seen: int
    placeholders_seen: int


class Page:
    """A page that uploads a photo, the backend behind it, and the CDN between it and the bucket."""

    def __init__(self, application: Application, edge: Edge, viewer: Viewer, photo: bytes) -> None:
        self.application = application
        self.edge = edge
        self.viewer = viewer
        self._photo = photo
        # The first upload starts the function, and shows what the picture will be: the same each time.
        self.expected = application.wait_until_ready(application.upload(photo, "first.jpg")).data

    def cross(self, strategy: Strategy) -> tuple[Visit, VisitResult]:
        """Upload, and get to see the picture."""
        set_error_answers(self.edge, strategy.error_answers)
        # The page itself came from there: its connection is open.
        self.viewer.get(self.edge.url)
        visit = Visit(page=self, upload=self.application.upload(self._photo, "me.jpg"))
        before = self.edge.counts()
        strategy.page(visit)
        counted = self.edge.counts().since(before)
        wrong = [answer for answer in visit.answers if not visit.is_right(answer)]
        errors = sum(1 for answer in wrong if answer.status != _OK)
        waited_seconds = visit.answers[-1].answered_seconds - visit.upload.started_seconds
        return visit, VisitResult(
            first_picture_seconds=waited_seconds + visit.edge_clock_seconds,
            edge_clock_seconds=visit.edge_clock_seconds,
            viewer_requests=counted.viewer_requests,
            origin_requests=counted.origin_requests,
            bucket_requests=visit.bucket_requests,
            errors_seen=errors,
            placeholders_seen=len(wrong) - errors,
        )


@dataclass(kw_only=True)
class Visit:
    """One person's page after an upload: its answers so far, and what else was asked for it."""

    page: Page
    upload: Upload
    answers: list[Answer] = field(default_factory=list)
    edge_clock_seconds: float = 0.0
    bucket_requests: int = 0

    @property
    def url(self) -> str:
        """The picture's address."""
        return self.page.application.thumbnail_url(self.upload.key)

    def ask(self, url: str) -> bool:
        """Ask the CDN once; return whether the picture is right."""
        answer = self.page.viewer.get(url)
        self.answers.append(answer)
        return self.is_right(answer)

    def is_right(self, answer: Answer) -> bool:
        """Say whether an answer is the thumbnail."""
        return answer.status == _OK and answer.body == self.page.expected

    def find(self) -> Thumbnail | None:
        """Look into the bucket."""
        return self.page.application.find(self.upload)

    def let_pass(self, seconds: float) -> None:
        """Have time pass at the edge, at once."""
        self.page.edge.clock.advance(seconds)
        self.edge_clock_seconds += seconds


def _poll_cdn(visit: Visit) -> None:
    _poll(visit, lambda _: visit.url)


def _poll_cdn_with_query(visit: Visit) -> None:
    _poll(visit, lambda number: f"{visit.url}?v={number}")


def _poll(visit: Visit, url: Callable[[int], str]) -> None:
    def asked() -> bool | None:
        while not visit.ask(url(len(visit.answers))):
            if not visit.find():
                return None
            visit.let_pass(POLL_SECONDS)
        return True

    def expected() -> str:
        last = visit.answers[-1]
        return f"expected the thumbnail at {visit.url}, the last answer was {last.status}, {last.cache}"

    backoff = Backoff(first_seconds=POLL_SECONDS, factor=1.0, most_seconds=POLL_SECONDS)
    wait_for(asked, expected, timeout_seconds=_TIMEOUT_SECONDS, backoff=backoff)


def _poll_bucket(visit: Visit) -> None:
    """Have the backend look for the page, which asks the CDN only once there is something."""

    def look() -> Thumbnail | None:
        visit.bucket_requests += 1
        return visit.find()

    expected = f"expected {visit.upload.thumbnail_key}, it is not there"
    wait_for(look, expected, timeout_seconds=_TIMEOUT_SECONDS, backoff=READY_BACKOFF)
    visit.ask(visit.url)


STRATEGIES: Final = {
    "naive": Strategy(title="ask the CDN again and again", page=_poll_cdn),
    "query": Strategy(
        title="ask the CDN again and again, with a new query each time", page=_poll_cdn_with_query
    ),
    "placeholder": Strategy(
        title=f"a placeholder, kept {PLACEHOLDER_SECONDS} s, for what is missing",
        page=_poll_cdn,
        error_answers=ErrorAnswers(caching_seconds=PLACEHOLDER_SECONDS, page_key=_PLACEHOLDER_KEY),
    ),
    "no-error-caching": Strategy(
        title="errors not cached at all", page=_poll_cdn, error_answers=ErrorAnswers(caching_seconds=0)
    ),
    "bucket": Strategy(title="the backend checks the bucket, then the page asks the CDN", page=_poll_bucket),
}


def put_placeholder(deployment: Deployment) -> None:
    """Put what is shown in the place of a missing picture where the CDN finds it."""
    deployment.aws.client("s3").put_object(
        Bucket=deployment.bucket,
        Key=_PLACEHOLDER_KEY,
        Body=_PLACEHOLDER.encode(),
        ContentType="image/svg+xml",
    )


def set_error_answers(edge: Edge, answers: ErrorAnswers | None) -> None:
    """Change what the distribution answers for a missing picture; None restores CloudFront's defaults."""
    found = edge.cloudfront.get_distribution_config(Id=edge.distribution_id)
    rules = [_rule(status, answers) for status in _MISSING] if answers else []
    changed: Any = dict(found["DistributionConfig"])
    changed["CustomErrorResponses"] = {"Quantity": len(rules), "Items": rules} if rules else {"Quantity": 0}
    edge.cloudfront.update_distribution(
        Id=edge.distribution_id, IfMatch=found["ETag"], DistributionConfig=changed
    )


def _rule(status: int, answers: ErrorAnswers) -> dict[str, object]:
    rule: dict[str, object] = {"ErrorCode": status, "ErrorCachingMinTTL": answers.caching_seconds}
    if answers.page_key is not None:
        rule |= {"ResponsePagePath": f"/{answers.page_key}", "ResponseCode": "200"}
    return rule
