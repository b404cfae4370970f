"""The function touches nothing but its two places, and never calls itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from fixtures.pictures import picture
from harness.deployment import Capability
from harness.observe.log import read_log, wait_until_logged
from harness.sandbox.function import assume_role
from scenarios.s3_event import FunctionError, invoke, object_created

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from harness.application import Application
    from harness.deployment import Deployment
    from harness.targets.base import Target

_LOOPING = {"SourcePrefix": "members/", "DestinationPrefix": "members/profile/resized/thumbnail/"}


def test_a_key_outside_the_prefix_triggers_nothing(application: Application, deployment: Deployment) -> None:
    """A key outside the source prefix triggers nothing."""
    outside = application.put(f"members/documents/{uuid.uuid4()}.jpg", picture("grey.jpg").path())
    # Uploaded later and served: an event of the first one would have been delivered by then.
    inside = application.upload(picture("grey.jpg").path(), "me.jpg")
    wait_until_logged(deployment, inside)

    log = read_log(deployment, since_epoch_seconds=outside.started_epoch_seconds)
    assert [line["key"] for line in log.naming(inside.key)] == [inside.key]
    assert not log.naming(outside.key)


def test_a_thumbnail_triggers_nothing(application: Application, deployment: Deployment) -> None:
    """A thumbnail does not trigger the function again."""
    first = application.upload(picture("grey.jpg").path(), "first.jpg")
    application.wait_until_ready(first)
    second = application.upload(picture("grey.jpg").path(), "second.jpg")
    wait_until_logged(deployment, second)

    log = read_log(deployment, since_epoch_seconds=first.started_epoch_seconds)
    assert len(log.naming(second.key)) == 1
    assert not log.naming(first.thumbnail_key)


@pytest.mark.deploys(parameters=_LOOPING)
def test_a_destination_inside_the_source_prefix_is_refused_at_start(target: Target) -> None:
    """A destination inside the source prefix is refused at start."""
    looping = target.deploy(parameters=_LOOPING)

    with pytest.raises(FunctionError) as refused:
        invoke(looping, object_created(looping.bucket, "members/me.jpg"))

    assert "SOURCE_PREFIX" in str(refused.value)
    assert "DESTINATION_PREFIX" in str(refused.value)


@pytest.fixture(scope="module")
def own_s3(deployment: Deployment) -> S3Client:
    """S3 as the function itself sees it."""
    credentials = assume_role(deployment.aws, deployment.role_arn, session_name="isolation")
    return deployment.aws.with_credentials(credentials).client("s3")


@pytest.mark.needs(Capability.IAM)
def test_the_function_may_read_originals_and_write_thumbnails(
    application: Application, deployment: Deployment, own_s3: S3Client
) -> None:
    """The function may read originals and write thumbnails."""
    upload = application.upload(picture("grey.jpg").path(), "me.jpg")
    thumbnail = application.wait_until_ready(upload)

    own_s3.get_object(Bucket=deployment.bucket, Key=upload.key)
    own_s3.put_object(Bucket=deployment.bucket, Key=upload.thumbnail_key, Body=b"written by the role")

    assert application.find(upload) != thumbnail


_DENIED: dict[str, Callable[[S3Client, Deployment], object]] = {
    "read a thumbnail": lambda s3, our: s3.get_object(Bucket=our.bucket, Key=f"{our.destination_prefix}x"),
    "read elsewhere": lambda s3, our: s3.get_object(Bucket=our.bucket, Key="members/x"),
    "write an original": lambda s3, our: s3.put_object(Bucket=our.bucket, Key=f"{our.source_prefix}x"),
    "write elsewhere": lambda s3, our: s3.put_object(Bucket=our.bucket, Key="members/x"),
    "delete an original": lambda s3, our: s3.delete_object(Bucket=our.bucket, Key=f"{our.source_prefix}x"),
    "delete a thumbnail": lambda s3, our: s3.delete_object(
        Bucket=our.bucket, Key=f"{our.destination_prefix}x"
    ),
    "list the bucket": lambda s3, our: s3.list_objects_v2(Bucket=our.bucket),
    "list all buckets": lambda s3, _: s3.list_buckets(),
    "make a bucket": lambda s3, our: s3.create_bucket(Bucket=f"{our.bucket}-other"),
}


@pytest.mark.needs(Capability.IAM)
@pytest.mark.parametrize("deed", _DENIED)
def test_the_function_may_not(deployment: Deployment, own_s3: S3Client, deed: str) -> None:
    """The function may do nothing but read originals and write thumbnails."""
    with pytest.raises(ClientError) as denied:
        _DENIED[deed](own_s3, deployment)

    assert denied.value.response["Error"]["Code"] == "AccessDenied"
