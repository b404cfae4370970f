"""What happened to one upload, and when, from real observations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from fixtures.pictures import picture
from harness.cdn.edge import Edge, edge
from harness.deployment import Capability, Deployment
from harness.observe.outcome import watch
from harness.observe.timeline import SEEN_AT_EDGE, SEEN_IN_BUCKET, Step, Timeline, timeline
from harness.observe.viewer import Viewer
from harness.targets.base import Target
from scenarios.journal import ApplicationOf

_TOLERANCE_MS = 5.0

pytestmark = pytest.mark.deploys
dated = pytest.mark.needs(Capability.LOG_TIMESTAMPS)


@pytest.fixture(scope="module")
def fresh(target: Target) -> Deployment:
    """A pipeline whose function has never run."""
    return target.deploy()


@pytest.fixture(scope="module")
def running(fresh: Deployment) -> Iterator[Edge]:
    """An edge in front of its bucket."""
    with edge(fresh) as running:
        yield running


@pytest.fixture
def upload_and_watch(
    fresh: Deployment, running: Edge, application_of: ApplicationOf
) -> Iterator[Callable[[bytes], Timeline]]:
    """Uploads a photo and returns its timeline."""
    application = application_of(fresh, edge=running)
    with Viewer(running) as viewer:
        yield lambda photo: timeline(watch(application, application.upload(photo, "me.jpg"), viewer=viewer))


@dated
def test_a_first_upload_s_timeline_has_the_start_of_the_environment(
    upload_and_watch: Callable[[bytes], Timeline],
) -> None:
    """The timeline of a first upload includes the start of the environment."""
    found = upload_and_watch(picture("reference.jpg").data())

    environment = found.step("environment")
    assert environment.note == "started"
    assert (environment.took_ms or 0) > 0
    assert environment.end_ms == pytest.approx(found.step("invocation").start_ms, abs=_TOLERANCE_MS)


@dated
def test_a_later_upload_s_steps_follow_each_other_up_to_the_edge(
    upload_and_watch: Callable[[bytes], Timeline],
) -> None:
    """The steps of a later upload follow each other up to the edge."""
    upload_and_watch(picture("reference.jpg").data())
    found = upload_and_watch(picture("reference.jpg").data())

    assert found.step("environment").note == "reused"
    names = ["download", "decode", "resize", "encode", "store", SEEN_IN_BUCKET, SEEN_AT_EDGE]
    starts = [_start(found.step(name)) for name in ("invocation", *names)]
    assert [round(start) for start in starts] == sorted(round(start) for start in starts)
    assert found.attempts == 1
    assert found.errors == ()
    assert found.looks[-1].status == 200
    assert found.arrived_ms == found.step(SEEN_AT_EDGE).end_ms


@dated
def test_the_function_s_own_steps_lie_within_lambda_s_invocation(
    upload_and_watch: Callable[[bytes], Timeline],
) -> None:
    """The function's own steps lie within Lambda's invocation."""
    found = upload_and_watch(picture("reference.jpg").data())

    # They end with it at the latest, as they are placed; so this says that there is room for all of them.
    assert _start(found.step("download")) >= _start(found.step("invocation")) - _TOLERANCE_MS


@dated
def test_the_event_lies_between_the_upload_and_its_invocation(
    upload_and_watch: Callable[[bytes], Timeline],
) -> None:
    """The event lies between the upload and its invocation."""
    found = upload_and_watch(picture("grey.jpg").data())

    assert 0 <= _start(found.step("event")) <= _start(found.step("invocation")) + _TOLERANCE_MS


def test_a_refused_photo_s_timeline_says_why_it_ends(upload_and_watch: Callable[[bytes], Timeline]) -> None:
    """The timeline of a refused photo says why it ends."""
    found = upload_and_watch(b"this is text")

    assert found.step("invocation").took_ms is not None
    assert found.step(SEEN_AT_EDGE).took_ms is None
    assert found.why_missing is not None
    assert "NotAnImage" in found.why_missing


def _start(step: Step) -> float:
    assert step.start_ms is not None, f"{step.name}: {step.note}"
    return step.start_ms
