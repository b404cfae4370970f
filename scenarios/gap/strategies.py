"""The gap between an upload and its thumbnail, and five ways for a page to get over it.

Time has two parts. Until the thumbnail is stored, it is real. From then on nothing happens but that cached
answers grow old, so the edge's clock is moved on from one request to the next instead of waiting; what was
passed so is told apart as `edge_clock_seconds`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from harness.application.application import READY_BACKOFF
from harness.wait import Backoff, wait_for
from scenarios.gap.error_answers import ErrorAnswers, set_error_answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.application import Application, Thumbnail, Upload
    from harness.cdn.edge import Edge
    from harness.observe.viewer import Answer, Viewer

POLL_SECONDS: Final = 0.1
PLACEHOLDER_KEY: Final = "placeholder.svg"
PLACEHOLDER_SECONDS: Final = 1

_TIMEOUT_SECONDS: Final = 60.0
_OK: Final = 200


@dataclass(frozen=True, kw_only=True)
class Outcome:
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


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A way over the gap: how the distribution is set for it, and what the page does."""

    name: str
    title: str
    error_answers: ErrorAnswers | None
    page: Callable[[Visit], None]


@dataclass(kw_only=True)
class Visit:
    """One person's page after an upload: what it has asked and been answered so far."""

    application: Application
    edge: Edge
    browser: Viewer
    upload: Upload
    expected: bytes
    answers: list[Answer] = field(default_factory=list)
    edge_clock_seconds: float = 0.0
    bucket_requests: int = 0

    @property
    def url(self) -> str:
        """The picture's address."""
        return self.application.thumbnail_url(self.upload.key)

    def ask(self, url: str) -> bool:
        """Ask the CDN once; tells whether the picture is right."""
        answer = self.browser.get(url)
        self.answers.append(answer)
        return self.is_right(answer)

    def is_right(self, answer: Answer) -> bool:
        """Tell whether an answer is the thumbnail."""
        return answer.status == _OK and answer.body == self.expected

    def let_pass(self, seconds: float) -> None:
        """Have time pass at the edge, at once."""
        self.edge.clock.advance(seconds)
        self.edge_clock_seconds += seconds


def _poll_cdn(visit: Visit) -> None:
    _poll(visit, lambda _: visit.url)


def _poll_cdn_with_query(visit: Visit) -> None:
    _poll(visit, lambda number: f"{visit.url}?v={number}")


def _poll_bucket(visit: Visit) -> None:
    # The backend looks for the page, which asks the CDN only once there is something.
    wait_for(_Looking(visit), timeout_seconds=_TIMEOUT_SECONDS, backoff=READY_BACKOFF)
    visit.ask(visit.url)


STRATEGIES: Final = (
    Strategy(name="naive", title="ask the CDN again and again", error_answers=None, page=_poll_cdn),
    Strategy(
        name="query",
        title="the same with a new query each time",
        error_answers=None,
        page=_poll_cdn_with_query,
    ),
    Strategy(
        name="placeholder",
        title=f"a placeholder, kept {PLACEHOLDER_SECONDS} s, for what is missing",
        error_answers=ErrorAnswers(caching_seconds=PLACEHOLDER_SECONDS, page_key=PLACEHOLDER_KEY),
        page=_poll_cdn,
    ),
    Strategy(
        name="no-error-caching",
        title="errors not cached at all",
        error_answers=ErrorAnswers(caching_seconds=0),
        page=_poll_cdn,
    ),
    Strategy(
        name="bucket",
        title="the backend looks into the bucket, then the page asks the CDN",
        error_answers=None,
        page=_poll_bucket,
    ),
)


def strategy(name: str) -> Strategy:
    """Give a strategy by its name."""
    return next(one for one in STRATEGIES if one.name == name)


def prepare(chosen: Strategy, edge: Edge) -> None:
    """Set the distribution as the strategy wants it."""
    set_error_answers(edge.cloudfront, edge.distribution_id, chosen.error_answers)


def cross(chosen: Strategy, visit: Visit) -> Outcome:
    """Have the page get its picture in this way, and count."""
    before = visit.edge.counts()
    chosen.page(visit)
    counted = visit.edge.counts().since(before)
    wrong = [answer for answer in visit.answers if not visit.is_right(answer)]
    errors = sum(1 for answer in wrong if answer.status != _OK)
    return Outcome(
        first_picture_seconds=visit.answers[-1].answered_seconds
        - visit.upload.started_seconds
        + visit.edge_clock_seconds,
        edge_clock_seconds=visit.edge_clock_seconds,
        viewer_requests=counted.viewer_requests,
        origin_requests=counted.origin_requests,
        bucket_requests=visit.bucket_requests,
        errors_seen=errors,
        placeholders_seen=len(wrong) - errors,
    )


def _poll(visit: Visit, url: Callable[[int], str]) -> None:
    backoff = Backoff(first_seconds=POLL_SECONDS, factor=1.0, most_seconds=POLL_SECONDS)
    wait_for(_Polling(visit, url), timeout_seconds=_TIMEOUT_SECONDS, backoff=backoff)


@dataclass
class _Looking:
    visit: Visit

    def check(self) -> Thumbnail | None:
        self.visit.bucket_requests += 1
        return self.visit.application.find(self.visit.upload)

    def describe(self) -> str:
        return f"expected {self.visit.upload.thumbnail_key}, it is not there"


@dataclass
class _Polling:
    visit: Visit
    url: Callable[[int], str]

    def check(self) -> bool | None:
        while not self.visit.ask(self.url(len(self.visit.answers))):
            if not self.visit.application.find(self.visit.upload):
                return None
            self.visit.let_pass(POLL_SECONDS)
        return True

    def describe(self) -> str:
        last = self.visit.answers[-1]
        return f"expected the thumbnail at {self.visit.url}, the last answer was {last.status}, {last.cache}"
