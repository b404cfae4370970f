"""The application of a pipeline that the rig has deployed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.application import Application
from harness.diagnosis import diagnose

if TYPE_CHECKING:
    from types_boto3_cloudfront import CloudFrontClient

    from harness.deployment import Deployment


class DeployedApplication(Application):
    """The application as a backend has it, which here also knows why a thumbnail does not come.

    With an edge in front of the bucket it is given the edge's address and its CloudFront API.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        cdn_url: str | None = None,
        cloudfront: CloudFrontClient | None = None,
    ) -> None:
        pipeline = deployment.pipeline
        super().__init__(
            replace(pipeline, cdn_url=cdn_url or pipeline.cdn_url),
            s3=deployment.aws.client("s3"),
            cloudfront=cloudfront,
            explain=lambda upload: (
                diagnose(deployment, upload.key, since_epoch_seconds=upload.started_epoch_seconds).lines
            ),
        )
