"""Deployment: the names and addresses of one pipeline, whoever deployed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from harness.application import THUMBNAIL, Pipeline
from harness.aws import Aws


class Capability(Enum):
    """What a target may be unable to do; a scenario that needs it skips with the text as its reason."""

    IAM = "this target enforces no IAM policies"
    MEMORY = "this target does not hold functions to their memory"
    CLOUDFRONT = "this target has no CloudFront"
    LOG_TIMESTAMPS = "this target does not date the lines of a log by when they were printed"
    LOGS_OF_FAILED_STARTS = "this target logs nothing of an invocation whose environment does not start"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """All that a scenario, the application or an edge needs to know of a pipeline.

    `sizes` are the pixels of each named size. `timeout_seconds` is the function's own time limit;
    `thumbnail_extension` comes with its dot. The times in its log are true within `log_precision_ms`.
    """

    aws: Aws
    bucket: str
    source_prefix: str
    destination_prefix: str
    sizes: Mapping[str, int]
    resized_prefix: str
    thumbnail_extension: str
    function_name: str
    role_arn: str
    log_group: str
    failure_queue_url: str
    timeout_seconds: int
    log_precision_ms: float = 1.0
    distribution_domain: str | None = None
    distribution_id: str | None = None
    stack_name: str | None = None

    @property
    def prefixes(self) -> dict[str, str]:
        """Where each size's pictures are; sizes other than the thumbnail have folders of their own names."""
        further = {name: f"{self.resized_prefix}{name}/" for name in self.sizes if name != THUMBNAIL}
        return {THUMBNAIL: self.destination_prefix, **further}

    @property
    def pipeline(self) -> Pipeline:
        """What an application needs to know of it."""
        return Pipeline(
            bucket=self.bucket,
            source_prefix=self.source_prefix,
            prefixes=self.prefixes,
            thumbnail_extension=self.thumbnail_extension,
            function_timeout_seconds=self.timeout_seconds,
            cdn_url=f"https://{self.distribution_domain}" if self.distribution_domain else None,
            distribution_id=self.distribution_id,
        )
