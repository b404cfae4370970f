"""Asks CloudFront to forget objects; a failure is told, not raised."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from harness.application.pipeline import path_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_cloudfront import CloudFrontClient


@dataclass(frozen=True, kw_only=True)
class Invalidation:
    """One batch: CloudFront's `id` of it, or the `error` for which there is none."""

    paths: tuple[str, ...]
    id: str | None = None
    error: str | None = None


def invalidate(cloudfront: CloudFrontClient, distribution_id: str, keys: Sequence[str]) -> Invalidation:
    """Have all keys forgotten by one request; the first 1,000 paths a month are free."""
    paths = tuple(path_of(key) for key in keys)
    try:
        answer = cloudfront.create_invalidation(
            DistributionId=distribution_id,
            InvalidationBatch={
                "Paths": {"Quantity": len(paths), "Items": list(paths)},
                "CallerReference": str(uuid.uuid4()),
            },
        )
    except (BotoCoreError, ClientError) as exc:
        return Invalidation(paths=paths, error=str(exc))
    return Invalidation(paths=paths, id=answer["Invalidation"]["Id"])
