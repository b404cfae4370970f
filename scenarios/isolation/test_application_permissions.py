"""The application needs no more than the policy that is documented for it."""

from __future__ import annotations

import json
import string
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from fixtures.pictures import picture
from harness.application import Application
from harness.deployment import Capability
from harness.sandbox.function import assume_role

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from harness.cdn.edge import Edge
    from harness.deployment import Deployment

pytestmark = pytest.mark.needs(Capability.IAM)

_POLICY = Path(__file__).parents[2] / "infra" / "application-policy.json"


@pytest.fixture(scope="module")
def own_s3(deployment: Deployment, edge: Edge) -> S3Client:
    """S3 as an application with the documented policy sees it."""
    iam, account = deployment.aws.client("iam"), deployment.role_arn.split(":")[4]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    name = f"application-{uuid.uuid4().hex[:8]}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    policy = string.Template(_POLICY.read_text()).substitute(
        BucketName=deployment.bucket, AccountId=account, DistributionId=edge.distribution_id
    )
    iam.put_role_policy(RoleName=name, PolicyName="application", PolicyDocument=policy)
    credentials = assume_role(deployment.aws, role["Arn"], session_name="application")
    return deployment.aws.with_credentials(credentials).client("s3")


def test_the_application_does_all_it_does_with_the_documented_policy(
    deployment: Deployment, edge: Edge, own_s3: S3Client
) -> None:
    """The application can do all its work with the documented policy."""
    application = Application(
        replace(deployment.pipeline, cdn_url=edge.url, distribution_id=edge.distribution_id),
        s3=own_s3,
        cloudfront=edge.cloudfront,
    )

    upload = application.upload(picture("grey.jpg").path(), "me.jpg")
    application.wait_until_ready(upload)
    replacement = application.replace(upload.key, picture("photo-smooth.jpg").path(), "me.jpg")
    application.overwrite(replacement.upload.key, picture("photo-dark.jpg").path())
    deletion = application.delete(replacement.upload.key)

    assert application.sweep(deletion).late_keys == ()
    assert application.find(upload) is None
    assert application.find(replacement.upload) is None


_DENIED: dict[str, Callable[[S3Client, Deployment], object]] = {
    "write a thumbnail": lambda s3, our: s3.put_object(Bucket=our.bucket, Key=f"{our.destination_prefix}x"),
    "read elsewhere": lambda s3, our: s3.get_object(Bucket=our.bucket, Key="members/x"),
    "delete elsewhere": lambda s3, our: s3.delete_object(Bucket=our.bucket, Key="members/x"),
    "list the bucket": lambda s3, our: s3.list_objects_v2(Bucket=our.bucket),
}


@pytest.mark.parametrize("deed", _DENIED)
def test_the_application_may_not(deployment: Deployment, own_s3: S3Client, deed: str) -> None:
    """The application may do nothing that its policy does not name."""
    with pytest.raises(ClientError) as denied:
        _DENIED[deed](own_s3, deployment)

    assert denied.value.response["Error"]["Code"] == "AccessDenied"
