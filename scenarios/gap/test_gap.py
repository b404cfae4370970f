"""Five ways over the gap between an upload and its thumbnail, and what each costs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from fixtures.pictures import picture
from harness.browser import Browser
from harness.cdn.edge import edge
from harness.deployment import Capability
from harness.gap import PLACEHOLDER_KEY, PLACEHOLDER_SECONDS, POLL_SECONDS, Visit, cross, prepare, strategy
from scenarios.journal import JournalingApplication, scenario_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.cdn.edge import Edge
    from harness.deployment import Deployment
    from harness.gap import Outcome
    from scenarios.journal import Journal

# The strategies change the distribution, through the API of the target.
pytestmark = pytest.mark.needs(Capability.CLOUDFRONT)

_ERROR_CACHING_SECONDS = 10


@pytest.fixture(scope="module")
def running(deployment: Deployment) -> Iterator[Edge]:
    """An edge in front of the shared pipeline's bucket, with a placeholder in it."""
    file = io.BytesIO()
    Image.new("RGB", (150, 150), (221, 226, 232)).save(file, "WEBP")
    deployment.aws.client("s3").put_object(
        Bucket=deployment.bucket, Key=PLACEHOLDER_KEY, Body=file.getvalue(), ContentType="image/webp"
    )
    with edge(deployment) as running:
        yield running
        prepare(strategy("naive"), running)


class Page:
    """A person's page: uploads the reference photo, and crosses the gap by a strategy."""

    def __init__(self, application: JournalingApplication, edge: Edge, browser: Browser) -> None:
        self._application = application
        self._edge = edge
        self._browser = browser
        self._photo = picture("reference.jpg").data()
        self._expected = application.wait_until_ready(application.upload(self._photo, "first.jpg")).data

    def cross(self, name: str) -> tuple[Visit, Outcome]:
        """Upload, and get to see the picture."""
        prepare(strategy(name), self._edge)
        # The page itself came from there: its connection is open.
        self._browser.get(self._edge.url)
        upload = self._application.upload(self._photo, "me.jpg")
        visit = Visit(
            application=self._application,
            edge=self._edge,
            browser=self._browser,
            upload=upload,
            expected=self._expected,
        )
        outcome = cross(strategy(name), visit)
        return visit, outcome


@pytest.fixture
def page(
    deployment: Deployment, running: Edge, journal: Journal, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page with the application behind it."""
    application = JournalingApplication(deployment, journal, scenario_name(request.node.nodeid), edge=running)
    with Browser(running.ca_certificate) as browser:
        yield Page(application, running, browser)


def test_asking_the_cdn_too_early_hides_the_picture_for_ten_seconds(page: Page) -> None:
    visit, outcome = page.cross("naive")

    first, *others, last = visit.answers
    assert (first.status, first.cache) == (403, "Error from cloudfront")
    assert {answer.status for answer in others} == {403}
    assert last.status == 200
    assert outcome.first_picture_seconds == pytest.approx(_ERROR_CACHING_SECONDS, abs=1.5)
    # What is asked meanwhile is answered from memory.
    assert outcome.origin_requests == 2


def test_a_new_query_each_time_does_not_help_because_the_cache_does_not_see_it(page: Page) -> None:
    visit, outcome = page.cross("query")

    assert outcome.viewer_requests > 50
    assert outcome.origin_requests == 2
    assert outcome.first_picture_seconds == pytest.approx(_ERROR_CACHING_SECONDS, abs=1.5)
    assert {answer.status for answer in visit.answers[:-1]} == {403}


def test_a_placeholder_shows_no_error_and_gives_way_within_its_second(page: Page) -> None:
    visit, outcome = page.cross("placeholder")

    assert outcome.errors_seen == 0
    assert outcome.placeholders_seen >= 1
    assert {answer.status for answer in visit.answers} == {200}
    assert visit.edge_clock_seconds <= PLACEHOLDER_SECONDS + POLL_SECONDS
    assert outcome.first_picture_seconds < _ERROR_CACHING_SECONDS / 2


def test_without_error_caching_every_early_request_goes_to_the_bucket(page: Page) -> None:
    _, outcome = page.cross("no-error-caching")

    assert outcome.errors_seen >= 1
    assert outcome.origin_requests == outcome.viewer_requests
    assert outcome.edge_clock_seconds <= POLL_SECONDS
    assert outcome.first_picture_seconds < _ERROR_CACHING_SECONDS / 2


def test_looking_into_the_bucket_first_shows_no_wrong_answer_and_asks_the_origin_once(page: Page) -> None:
    visit, outcome = page.cross("bucket")

    assert (outcome.errors_seen, outcome.placeholders_seen) == (0, 0)
    assert (outcome.viewer_requests, outcome.origin_requests) == (1, 1)
    assert outcome.edge_clock_seconds == 0
    assert visit.answers[0].cache == "Miss from cloudfront"
