"""512 MB is 512 MB: what does not fit is killed, retried and kept, or better refused beforehand."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from fixtures.images import large
from fixtures.pictures import picture
from harness.application import Upload
from harness.deployment import Capability, Deployment
from harness.observe.failures import read_failures
from harness.observe.log import read_log
from harness.observe.outcome import DeployedApplication, await_outcome, refusals
from harness.package.function import FunctionFolder
from harness.targets.base import Target
from scenarios.journal import ApplicationOf
from scenarios.s3_event import let_one_fail, wait_until_given_up

pytestmark = pytest.mark.needs(Capability.MEMORY)

_WASTEFUL = FunctionFolder.load(Path(__file__).parents[2] / "contenders" / "pillow-first-try")
_GENEROUS = {"MaxPixels": "110000000"}


@pytest.fixture(scope="module")
def wasteful(target: Target) -> Deployment:
    """A pipeline whose function holds all of a picture's pixels at once."""
    return target.deploy(function=_WASTEFUL)


@pytest.fixture(scope="module")
def killed(wasteful: Deployment) -> Upload:
    """An original that does not fit, after Lambda has given up on it."""
    upload = DeployedApplication(wasteful).upload(large.make(large.TOO_LARGE_FOR_512_MB), "large.jpg")
    wait_until_given_up(wasteful, lambda event: upload.key in event.keys)
    return upload


@pytest.mark.deploys(function=_WASTEFUL)
def test_a_picture_that_does_not_fit_is_killed_retried_and_kept(wasteful: Deployment, killed: Upload) -> None:
    """A function that runs out of memory is killed and retried, and its event is kept."""
    (failed,) = (event for event in read_failures(wasteful) if killed.key in event.keys)

    log = read_log(wasteful, since_epoch_seconds=killed.started_epoch_seconds)
    reports = [line.message for line in log.lines if line.message.startswith("REPORT")]
    assert failed.error["errorType"] == "Runtime.ExitError"
    assert failed.error["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert len(reports) == 3
    assert all("Memory Size: 512 MB\tMax Memory Used: 512 MB" in report for report in reports)


@pytest.mark.usefixtures("killed")
def test_after_the_kill_a_new_environment_serves_the_next(
    wasteful: Deployment, application_of: ApplicationOf
) -> None:
    """After such a kill, a new environment serves the next picture."""
    application = application_of(wasteful)

    thumbnail = application.wait_until_ready(
        application.upload(picture("photo-smooth.jpg").path(), "small.jpg")
    )

    assert thumbnail.data


@pytest.mark.deploys(parameters=_GENEROUS)
def test_the_same_picture_fits_when_it_is_decoded_small(
    target: Target, application_of: ApplicationOf
) -> None:
    """A picture of 108 megapixels fits when it is decoded at a smaller scale."""
    application = application_of(target.deploy(parameters=_GENEROUS))

    thumbnail = application.wait_until_ready(
        application.upload(large.make(large.TOO_LARGE_FOR_512_MB), "large.jpg")
    )

    with Image.open(io.BytesIO(thumbnail.data)) as image:
        assert image.size == (150, 150)


def test_a_picture_that_could_not_fit_is_refused_by_its_header_and_not_retried(
    application: DeployedApplication, deployment: Deployment
) -> None:
    """A picture that cannot fit is refused by its header, and not retried."""
    upload = application.upload(large.make(large.TOO_MUCH_MEMORY), "progressive.jpg")
    refusal = await_outcome(application, upload).refusal
    let_one_fail(deployment)

    assert refusal is not None
    assert refusal.error_type == "TooMuchMemory"
    assert "expected a picture that fits into 512 MB, got a progressive JPEG of 10000x10000" in refusal.reason
    assert len(refusals(deployment, upload)) == 1
    assert upload.key not in {key for failed in read_failures(deployment) for key in failed.keys}


def test_after_such_a_refusal_the_same_environment_serves_the_next(application: DeployedApplication) -> None:
    """After a refusal for memory, the same environment serves the next picture."""
    await_outcome(application, application.upload(large.make(large.TOO_MUCH_MEMORY), "progressive.jpg"))

    upload = application.upload(picture("photo-smooth.jpg").path(), "next.jpg")

    assert application.wait_until_ready(upload).data
