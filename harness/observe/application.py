"""The application of a pipeline that the rig has deployed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.application.application import Application
from harness.observe.diagnosis import diagnose

if TYPE_CHECKING:
    from harness.cdn.edge import Edge
    from harness.deployment import Deployment


class DeployedApplication(Application):
    """The application as a backend has it, which here also knows why a thumbnail does not come.

    With an edge it gives the edge's addresses, and invalidates there.
    """

    def __init__(self, deployment: Deployment, *, edge: Edge | None = None) -> None:
        pipeline = deployment.pipeline
        if edge is not None:
            pipeline = replace(pipeline, cdn_url=edge.url, distribution_id=edge.distribution_id)
        super().__init__(
            pipeline,
            s3=deployment.aws.client("s3"),
            cloudfront=edge.cloudfront if edge else None,
            explain=lambda upload: (
                diagnose(deployment, upload.key, since_epoch_seconds=upload.started_epoch_seconds).lines
            ),
        )
