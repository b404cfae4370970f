"""Deletes a photo so that it stays deleted, even if the function is resizing it at that moment.

An invocation that has downloaded the original already goes on, and stores a thumbnail of what is gone. An
application cannot see whether there is one. But Lambda ends each invocation after the function's time limit,
and one that starts later finds no original. So a deletion is settled once that time is over, and a second
look takes away what turned up until then. `Deletion` is plain data: a web application answers at once and
hands it to a delayed job.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from harness.application.pipeline import path_of
from harness.errors import ThumbrigError
from harness.wait import Backoff, wait_for

if TYPE_CHECKING:
    from types_boto3_cloudfront import CloudFrontClient
    from types_boto3_s3 import S3Client

    from harness.application.pipeline import Pipeline

# For a thumbnail that was on its way to the bucket when its invocation was ended.
_GRACE_SECONDS: Final = 2.0
# The last look comes with the time-out: this much later, so that no clock says it is not yet settled.
_CLOCKS_APART_SECONDS: Final = 0.1
_BACKOFF: Final = Backoff(first_seconds=0.1, factor=1.5, most_seconds=2.0, jitter=0.2)


class NotDeletedError(ThumbrigError):
    """Raised when the bucket does not delete; deleting again is safe."""

    def __init__(self, key: str, reason: Exception) -> None:
        super().__init__(f"{key}: expected it to be deleted, the bucket says: {reason}; delete it again")


@dataclass(frozen=True, kw_only=True)
class Invalidation:
    """One request that CloudFront forget objects: CloudFront's `id` for it, or the `error` instead."""

    paths: tuple[str, ...]
    id: str | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """A photo that is gone; until `settled_epoch_seconds` a late thumbnail may turn up.

    `invalidation` is None where there is no CDN. If it has an `error`, the objects are deleted all the same,
    and copies may be served until they expire, or until `Application.invalidate` has succeeded.
    """

    key: str
    thumbnail_keys: tuple[str, ...]
    settled_epoch_seconds: float
    invalidation: Invalidation | None


@dataclass(frozen=True, kw_only=True)
class DeletionSweep:
    """What a second look found and took away; after a `final` one nothing can turn up any more."""

    late_keys: tuple[str, ...]
    final: bool
    invalidation: Invalidation | None


class Deleter:
    """Deletes in the order that leaves nothing behind: original, thumbnails, then the CDN's copies."""

    def __init__(
        self, pipeline: Pipeline, *, s3: S3Client, cloudfront: CloudFrontClient | None = None
    ) -> None:
        self.pipeline = pipeline
        self._s3 = s3
        self._cloudfront = cloudfront

    def delete(self, original: str) -> Deletion:
        """Delete a photo everywhere, at once; deleting again does no harm.

        If it may be in the middle of being resized, a thumbnail can still turn up: have `sweep` called after
        `settled_epoch_seconds` of what this returns, by a delayed job or by `wait_until_settled`.
        """
        key = self.pipeline.original_key(original)
        thumbnails = self.pipeline.thumbnail_keys(key)
        # The original first: from now on no invocation can begin with it.
        for gone in (key, *thumbnails):
            self._remove(gone)
        settled = time.time() + self.pipeline.function_timeout_seconds + _GRACE_SECONDS
        return Deletion(
            key=key,
            thumbnail_keys=thumbnails,
            settled_epoch_seconds=settled,
            invalidation=self.invalidate(key, *thumbnails),
        )

    def sweep(self, deletion: Deletion) -> DeletionSweep:
        """Take away the thumbnails that turned up after a deletion; final once the deletion is settled."""
        # Before looking: what turns up after the look must not be missed by a final one.
        final = time.time() >= deletion.settled_epoch_seconds
        late: tuple[str, ...] = ()
        # A photo that was put at the same key again owns the thumbnails from then on.
        if not self._exists(deletion.key):
            late = tuple(key for key in deletion.thumbnail_keys if self._exists(key))
        for key in late:
            self._remove(key)
        # Somebody may have looked at it meanwhile, and the CDN keeps it for a year.
        return DeletionSweep(
            late_keys=late, final=final, invalidation=self.invalidate(*late) if late else None
        )

    def wait_until_settled(self, deletion: Deletion) -> list[DeletionSweep]:
        """Sweep until nothing can turn up any more; returns the sweeps that found something, and the last.

        This is for a job, as it takes the function's time limit.
        """
        found: list[DeletionSweep] = []

        def look() -> list[DeletionSweep] | None:
            sweep = self.sweep(deletion)
            if sweep.late_keys or sweep.final:
                found.append(sweep)
            return found if sweep.final else None

        left = max(0.0, deletion.settled_epoch_seconds - time.time())
        return wait_for(
            look,
            f"expected the deletion of {deletion.key} to be settled",
            timeout_seconds=left + _CLOCKS_APART_SECONDS,
            backoff=_BACKOFF,
        )

    def invalidate(self, *keys: str) -> Invalidation | None:
        """Have the CDN forget objects by one request; returns None where there is no CDN.

        The first 1,000 paths a month are free. A failure is returned, not raised.
        """
        if self._cloudfront is None or self.pipeline.distribution_id is None:
            return None
        paths = tuple(path_of(key) for key in keys)
        try:
            answer = self._cloudfront.create_invalidation(
                DistributionId=self.pipeline.distribution_id,
                InvalidationBatch={
                    "Paths": {"Quantity": len(paths), "Items": list(paths)},
                    "CallerReference": str(uuid.uuid4()),
                },
            )
        except (BotoCoreError, ClientError) as exc:
            return Invalidation(paths=paths, error=str(exc))
        return Invalidation(paths=paths, id=answer["Invalidation"]["Id"])

    def _remove(self, key: str) -> None:
        try:
            # S3 answers the same for a key that is not there.
            self._s3.delete_object(Bucket=self.pipeline.bucket, Key=key)
        except (BotoCoreError, ClientError) as exc:
            raise NotDeletedError(key, exc) from exc

    def _exists(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self.pipeline.bucket, Key=key)
        except ClientError as exc:
            if is_missing(exc):
                return False
            raise
        return True


def is_missing(error: ClientError) -> bool:
    """Return whether S3 says that a key is not there."""
    # Without s3:ListBucket, S3 answers 403 for a key that is not there.
    return error.response["ResponseMetadata"]["HTTPStatusCode"] in {403, 404}
