"""What is no picture: an error line with its reason, no thumbnail, no retry, and the next one is served."""

from __future__ import annotations

import json

import pytest

from fixtures.pictures import REFUSED, Picture
from fixtures.pictures import picture as picture_named
from harness.deployment import Deployment
from harness.observe.failures import read_failures
from harness.observe.outcome import DeployedApplication, await_outcome, refusals
from scenarios.s3_event import invoke, let_one_fail, object_created

_REFUSED = [pytest.param(picture, id=picture.name) for picture in REFUSED]


@pytest.mark.parametrize("picture", _REFUSED)
def test_a_refusal_is_logged_with_its_reason(application: DeployedApplication, picture: Picture) -> None:
    """A refusal is logged with its reason."""
    upload = application.upload(picture.path(), picture.name)
    refusal = await_outcome(application, upload).refusal

    assert refusal is not None
    assert refusal.error_type == picture.error
    assert refusal.reason
    assert application.find(upload) is None


@pytest.mark.parametrize("picture", _REFUSED)
def test_a_refusal_is_an_answer_so_that_lambda_does_not_retry(
    application: DeployedApplication, deployment: Deployment, picture: Picture
) -> None:
    """A refusal is an answer, so Lambda does not retry."""
    upload = application.upload(picture.path(), picture.name)
    await_outcome(application, upload)

    answer = invoke(deployment, object_created(deployment.bucket, upload.key))

    error = json.loads(answer["body"])["error"]
    assert answer["statusCode"] == 200
    assert (error["type"], error["key"]) == (picture.error, upload.key)
    assert error["message"]


def test_refused_pictures_are_tried_once_and_failing_events_three_times(
    application: DeployedApplication, deployment: Deployment
) -> None:
    """Refused pictures are tried once, failing events three times."""
    uploads = [application.upload(picture.path(), picture.name) for picture in REFUSED]
    for upload in uploads:
        await_outcome(application, upload)

    # Sent after all of the refused ones were tried: once its retries are used up, theirs would have been too.
    let_one_fail(deployment)

    assert [len(refusals(deployment, upload)) for upload in uploads] == [1] * len(uploads)
    failed_keys = {key for failure in read_failures(deployment) for key in failure.keys}
    assert not failed_keys & {upload.key for upload in uploads}


@pytest.mark.parametrize("picture", _REFUSED)
def test_after_a_refusal_the_next_picture_is_served(
    application: DeployedApplication, picture: Picture
) -> None:
    """After a refusal, the next picture is served."""
    await_outcome(application, application.upload(picture.path(), picture.name))

    thumbnail = application.wait_until_ready(application.upload(picture_named("grey.jpg").path(), "next.jpg"))

    assert thumbnail.data
