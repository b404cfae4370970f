"""When no thumbnail arrives, the diagnosis says why; each cause is made to happen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fixtures.pictures import picture
from harness.application import Application, NotReadyError, Upload
from harness.deployment import Capability, Deployment
from harness.observe.diagnosis import Cause, Diagnosis, diagnose
from harness.observe.outcome import DeployedApplication
from harness.targets.base import Target
from harness.wait import wait_for

# A setting that the function refuses while it starts: every attempt fails, as in an outage.
_BROKEN = {"ThumbnailEffort": "9"}


def test_a_filter_that_does_not_match(application: Application, deployment: Deployment) -> None:
    """If the notification's filter does not match, the diagnosis shows the filter."""
    upload = application.put("members/documents/me.jpg", picture("grey.jpg").path())

    diagnosis = _diagnosed(deployment, upload, Cause.FILTER)

    assert f"'prefix': '{deployment.source_prefix}'" in diagnosis.sentence


def test_a_refusal(application: Application, deployment: Deployment) -> None:
    """If the function refuses the photo, the diagnosis gives its reason."""
    upload = application.upload(b"this is text", "me.jpg")

    diagnosis = _diagnosed(deployment, upload, Cause.REFUSED)

    assert "NotAnImage" in diagnosis.sentence


def test_the_application_is_told_the_cause_at_its_time_out(
    application: Application, deployment: Deployment
) -> None:
    """When the application's wait times out, the error names the cause."""
    upload = application.upload(b"this is text", "me.jpg")
    _diagnosed(deployment, upload, Cause.REFUSED)

    with pytest.raises(
        NotReadyError, match=r"(?s)no thumbnail members.* why: the function refused it for good"
    ):
        application.wait_until_ready(upload, timeout_seconds=0)


def test_an_original_that_is_gone(application: Application, deployment: Deployment) -> None:
    """If the original is gone, the diagnosis says so."""
    upload = application.upload(picture("grey.jpg").path(), "me.jpg")
    application.delete(upload.key)

    _diagnosed(deployment, upload, Cause.NO_ORIGINAL)


@pytest.mark.needs(Capability.LOGS_OF_FAILED_STARTS)
@pytest.mark.deploys(parameters=_BROKEN)
def test_retries_and_then_the_failure_queue(target: Target) -> None:
    """If the function keeps failing, the diagnosis shows the retries, then the failure queue."""
    broken = target.deploy(parameters=_BROKEN)
    upload = DeployedApplication(broken).upload(picture("grey.jpg").path(), "me.jpg")

    retrying = _diagnosed(broken, upload, Cause.RETRYING)
    given_up = _diagnosed(broken, upload, Cause.GIVEN_UP)

    assert "THUMBNAIL_EFFORT" in retrying.sentence
    assert "THUMBNAIL_EFFORT" in given_up.sentence


@pytest.mark.needs(Capability.IAM)
@pytest.mark.deploys
def test_a_bucket_that_may_not_invoke_the_function(target: Target) -> None:
    """If the bucket may not invoke the function, the diagnosis says so."""
    silent = target.deploy()
    functions = silent.aws.client("lambda")
    policy = json.loads(functions.get_policy(FunctionName=silent.function_name)["Policy"])
    for statement in policy["Statement"]:
        functions.remove_permission(FunctionName=silent.function_name, StatementId=statement["Sid"])

    upload = DeployedApplication(silent).upload(picture("grey.jpg").path(), "me.jpg")
    diagnosis = _diagnosed(silent, upload, Cause.NO_PERMISSION)

    assert "does not let S3 invoke it" in diagnosis.sentence


@pytest.mark.needs(Capability.IAM)
@pytest.mark.deploys
def test_a_role_that_may_not_read_originals(target: Target) -> None:
    """If the role may not read originals, the diagnosis says so."""
    blind = target.deploy()
    _forbid(blind, "ReadOriginals")

    upload = DeployedApplication(blind).upload(picture("grey.jpg").path(), "me.jpg")
    diagnosis = _diagnosed(blind, upload, Cause.NO_PERMISSION)

    assert "the function's role is denied what it needs" in diagnosis.sentence


def _forbid(deployment: Deployment, sid: str) -> None:
    iam = deployment.aws.client("iam")
    role = deployment.role_arn.rpartition("/")[2]
    name = iam.list_role_policies(RoleName=role)["PolicyNames"][0]
    document: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    document["Statement"] = [entry for entry in document["Statement"] if entry["Sid"] != sid]
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _diagnosed(deployment: Deployment, upload: Upload, cause: Cause) -> Diagnosis:
    def look() -> Diagnosis:
        return diagnose(deployment, upload.key, since_epoch_seconds=upload.started_epoch_seconds)

    return wait_for(
        lambda: found if (found := look()).cause is cause else None,
        lambda: f"expected {cause}, found:\n" + "\n".join(look().lines),
        timeout_seconds=60,
    )
