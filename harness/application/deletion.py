"""Deletes a photo so that it stays deleted, also when the function is resizing it at that moment.

An invocation that has downloaded the original already goes on, and stores a thumbnail of what is gone.
Nothing tells an application whether there is one; but Lambda ends each after the function's time limit, and
one that starts later finds no original. So a deletion is settled once that time is over, and what turned up
until then is taken away by a second look. `Deletion` is plain data: a web application answers at once and
hands it to a delayed job.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from harness.application.invalidation import invalidate
from harness.errors import ThumbrigError
from harness.wait import Backoff, wait_for

if TYPE_CHECKING:
    from types_boto3_cloudfront import CloudFrontClient
    from types_boto3_s3 import S3Client

    from harness.application.invalidation import Invalidation
    from harness.application.pipeline import Pipeline

# For a thumbnail that was on its way to the bucket when its invocation was ended.
GRACE_SECONDS = 2.0

# The last look comes with the time-out: this much later, so that no clock says it is not yet settled.
_CLOCKS_APART_SECONDS = 0.1
_BACKOFF = Backoff(first_seconds=0.1, factor=1.5, most_seconds=2.0, jitter=0.2)


class NotDeletedError(ThumbrigError):
    """Raised when the bucket does not delete; deleting again is safe."""

    def __init__(self, key: str, reason: Exception) -> None:
        super().__init__(f"{key}: expected it to be deleted, the bucket says: {reason}; delete it again")


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """A photo that is gone; until `settled_epoch_seconds` a late thumbnail may turn up.

    `invalidation` is None where there is no CDN. Its `error` leaves the rest as it is: the objects are gone,
    and copies may be served until they expire, or until `Application.invalidate` has succeeded.
    """

    key: str
    thumbnail_keys: tuple[str, ...]
    settled_epoch_seconds: float
    invalidation: Invalidation | None


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What a second look found and took away; after a `final` one nothing can turn up any more."""

    late_keys: tuple[str, ...]
    final: bool
    invalidation: Invalidation | None


@dataclass(frozen=True, kw_only=True)
class Deleter:
    """Deletes in the order that leaves nothing behind: original, thumbnails, then the CDN's copies."""

    pipeline: Pipeline
    s3: S3Client
    cloudfront: CloudFrontClient | None
    grace_seconds: float = GRACE_SECONDS

    def delete(self, original: str) -> Deletion:
        """Delete an original and its thumbnails, and have the CDN forget them all by one request."""
        key = self.pipeline.original_key(original)
        thumbnails = self.pipeline.thumbnail_keys(key)
        # The original first: from now on no invocation can begin with it.
        for gone in (key, *thumbnails):
            self._remove(gone)
        settled = time.time() + self.pipeline.function_timeout_seconds + self.grace_seconds
        return Deletion(
            key=key,
            thumbnail_keys=thumbnails,
            settled_epoch_seconds=settled,
            invalidation=self.invalidate(key, *thumbnails),
        )

    def sweep(self, deletion: Deletion) -> Sweep:
        """Look for thumbnails that turned up after their deletion, and take them away."""
        # Before looking: what turns up after the look must not be missed by a final one.
        final = time.time() >= deletion.settled_epoch_seconds
        late: tuple[str, ...] = ()
        # A photo that was put at the same key again owns the thumbnails from then on.
        if not self._exists(deletion.key):
            late = tuple(key for key in deletion.thumbnail_keys if self._exists(key))
        for key in late:
            self._remove(key)
        # Somebody may have looked at it meanwhile, and the CDN keeps it for a year.
        return Sweep(late_keys=late, final=final, invalidation=self.invalidate(*late) if late else None)

    def wait_until_settled(self, deletion: Deletion) -> list[Sweep]:
        """Sweep until nothing can turn up any more; gives the sweeps that found something, and the last."""
        condition = _Settled(self, deletion)
        left = max(0.0, deletion.settled_epoch_seconds - time.time())
        return wait_for(condition, timeout_seconds=left + _CLOCKS_APART_SECONDS, backoff=_BACKOFF)

    def invalidate(self, *keys: str) -> Invalidation | None:
        """Have the CDN forget objects, if there is one."""
        if self.cloudfront is None or self.pipeline.distribution_id is None:
            return None
        return invalidate(self.cloudfront, self.pipeline.distribution_id, keys)

    def _remove(self, key: str) -> None:
        try:
            # S3 answers the same for a key that is not there.
            self.s3.delete_object(Bucket=self.pipeline.bucket, Key=key)
        except (BotoCoreError, ClientError) as exc:
            raise NotDeletedError(key, exc) from exc

    def _exists(self, key: str) -> bool:
        try:
            self.s3.head_object(Bucket=self.pipeline.bucket, Key=key)
        except ClientError as exc:
            # Without s3:ListBucket, S3 answers 403 for a key that is not there.
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] in {403, 404}:
                return False
            raise
        return True


class _Settled:
    def __init__(self, deleter: Deleter, deletion: Deletion) -> None:
        self._deleter = deleter
        self._deletion = deletion
        self._found: list[Sweep] = []

    def check(self) -> list[Sweep] | None:
        sweep = self._deleter.sweep(self._deletion)
        if sweep.late_keys or sweep.final:
            self._found.append(sweep)
        return self._found if sweep.final else None

    def describe(self) -> str:
        return f"expected the deletion of {self._deletion.key} to be settled"
