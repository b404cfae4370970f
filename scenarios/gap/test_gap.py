"""Five ways over the gap between an upload and its thumbnail, and what each costs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fixtures.pictures import picture
from harness.cdn.edge import Edge, edge
from harness.deployment import Capability, Deployment
from harness.observe.viewer import Viewer
from scenarios.gap.strategies import (
    PLACEHOLDER_SECONDS,
    POLL_SECONDS,
    STRATEGIES,
    Page,
    put_placeholder,
    set_error_answers,
)
from scenarios.journal import ApplicationOf

# The strategies change the distribution, through the API of the target.
pytestmark = pytest.mark.needs(Capability.CLOUDFRONT)

_ERROR_CACHING_SECONDS = 10


@pytest.fixture(scope="module")
def running(deployment: Deployment) -> Iterator[Edge]:
    """An edge in front of the shared pipeline's bucket, with a placeholder in it."""
    put_placeholder(deployment)
    with edge(deployment) as running:
        yield running
        set_error_answers(running, None)


@pytest.fixture
def page(deployment: Deployment, running: Edge, application_of: ApplicationOf) -> Iterator[Page]:
    """A page with the application behind it."""
    with Viewer(running) as viewer:
        yield Page(application_of(deployment, edge=running), running, viewer, picture("reference.jpg").data())


def test_asking_the_cdn_too_early_hides_the_picture_for_ten_seconds(page: Page) -> None:
    """Asking the CDN too early hides the picture for ten seconds."""
    visit, outcome = page.cross(STRATEGIES["naive"])

    first, *others, last = visit.answers
    assert (first.status, first.cache) == (403, "Error from cloudfront")
    assert {answer.status for answer in others} == {403}
    assert last.status == 200
    assert outcome.first_picture_seconds == pytest.approx(_ERROR_CACHING_SECONDS, abs=1.0)
    # What is asked meanwhile is answered from memory.
    assert outcome.origin_requests == 2


def test_a_new_query_each_time_does_not_help_because_the_cache_does_not_see_it(page: Page) -> None:
    """A new query string each time does not help, because the cache ignores it."""
    visit, outcome = page.cross(STRATEGIES["query"])

    assert outcome.viewer_requests > 50
    assert outcome.origin_requests == 2
    assert outcome.first_picture_seconds == pytest.approx(_ERROR_CACHING_SECONDS, abs=1.0)
    assert {answer.status for answer in visit.answers[:-1]} == {403}


def test_a_placeholder_shows_no_error_and_gives_way_within_its_second(page: Page) -> None:
    """A placeholder hides the errors, and gives way within a second."""
    visit, outcome = page.cross(STRATEGIES["placeholder"])

    assert outcome.errors_seen == 0
    assert outcome.placeholders_seen >= 1
    assert {answer.status for answer in visit.answers} == {200}
    assert visit.edge_clock_seconds <= PLACEHOLDER_SECONDS + POLL_SECONDS
    assert outcome.first_picture_seconds < _ERROR_CACHING_SECONDS / 2


def test_without_error_caching_every_early_request_goes_to_the_bucket(page: Page) -> None:
    """Without error caching, every early request reaches the bucket."""
    _, outcome = page.cross(STRATEGIES["no-error-caching"])

    assert outcome.errors_seen >= 1
    assert outcome.origin_requests == outcome.viewer_requests
    assert outcome.edge_clock_seconds <= POLL_SECONDS
    assert outcome.first_picture_seconds < _ERROR_CACHING_SECONDS / 2


def test_looking_into_the_bucket_first_shows_no_wrong_answer_and_asks_the_origin_once(page: Page) -> None:
    """Checking the bucket first shows no wrong answer, and asks the origin once."""
    visit, outcome = page.cross(STRATEGIES["bucket"])

    assert (outcome.errors_seen, outcome.placeholders_seen) == (0, 0)
    assert (outcome.viewer_requests, outcome.origin_requests) == (1, 1)
    assert outcome.edge_clock_seconds == 0
    assert visit.answers[0].cache == "Miss from cloudfront"
