"""What a backend does with the pipeline: upload, know the address, wait, replace, delete.

It can be imported by an application: it needs the outputs of the stack (`Pipeline`), boto3's clients, and the
permissions that docs/application.md lists.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from harness.application.deletion import Deleter
from harness.application.names import content_type_of, safe_name
from harness.application.pipeline import THUMBNAIL
from harness.errors import ThumbrigError
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from types_boto3_cloudfront import CloudFrontClient
    from types_boto3_s3 import S3Client

    from harness.application.deletion import Deletion, Sweep
    from harness.application.invalidation import Invalidation
    from harness.application.pipeline import Pipeline

# Short pauses: what is measured is the time until the thumbnail can be seen.
READY_BACKOFF: Final = Backoff(first_seconds=0.005, factor=1.2, most_seconds=0.25, jitter=0.3)
_READY_TIMEOUT_SECONDS: Final = 20.0


class NotReadyError(ThumbrigError):
    """Raised when a thumbnail has not appeared in time; says what happened to its original so far."""

    def __init__(self, upload: Upload, timeout_seconds: float, happened: Sequence[str]) -> None:
        super().__init__(
            "\n".join(
                [
                    f"no thumbnail {upload.thumbnail_key} after {timeout_seconds:g} s" + ":" * bool(happened),
                    *(f"  - {line}" for line in happened),
                ]
            )
        )
        self.upload = upload


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An original that was put, and where its thumbnail will be."""

    key: str
    thumbnail_key: str
    original_bytes: int
    started_epoch_seconds: float
    started_seconds: float
    accepted_seconds: float


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A thumbnail as the bucket has it; `visible_seconds` is the time since its original's upload began."""

    key: str
    data: bytes
    content_type: str
    cache_control: str
    etag: str
    modified_epoch_seconds: float
    visible_seconds: float


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """A new photo that is ready, and the old one that is gone."""

    upload: Upload
    thumbnail: Thumbnail
    deletion: Deletion


@dataclass(frozen=True, kw_only=True)
class Overwrite:
    """A photo that changed under its old address; `invalidation` is None where there is no CDN."""

    upload: Upload
    thumbnail: Thumbnail
    invalidation: Invalidation | None


class Application:
    """The application's side of one pipeline; may be used from several threads.

    Without `cloudfront` the CDN is told nothing. `explain` is asked what happened if a thumbnail stays away.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        s3: S3Client,
        cloudfront: CloudFrontClient | None = None,
        explain: Callable[[Upload], Sequence[str]] = lambda _: (),
    ) -> None:
        self.pipeline = pipeline
        self._s3 = s3
        self._deleter = Deleter(pipeline=pipeline, s3=s3, cloudfront=cloudfront)
        self._explain = explain

    def upload(self, source: Path | bytes, filename: str) -> Upload:
        """Put an original under a name that no other has, and return as soon as the bucket has it."""
        return self.put(f"{self.pipeline.source_prefix}{uuid.uuid4()}-{safe_name(filename)}", source)

    def put(self, key: str, source: Path | bytes) -> Upload:
        """Put an original at exactly this key."""
        data = source.read_bytes() if isinstance(source, Path) else source
        epoch, started = time.time(), time.monotonic()
        self._s3.put_object(Bucket=self.pipeline.bucket, Key=key, Body=data, ContentType=content_type_of(key))
        return Upload(
            key=key,
            thumbnail_key=self.pipeline.thumbnail_key(key),
            original_bytes=len(data),
            started_epoch_seconds=epoch,
            started_seconds=started,
            accepted_seconds=time.monotonic() - started,
        )

    def thumbnail_url(self, original: str, size: str = THUMBNAIL) -> str:
        """Give the address of a thumbnail, from its original's key or address; known before there is one."""
        return self.pipeline.thumbnail_url(original, size)

    def find(self, upload: Upload, size: str = THUMBNAIL) -> Thumbnail | None:
        """Look for the thumbnail once."""
        return self._look(self.pipeline.thumbnail_key(upload.key, size), upload.started_seconds)

    def wait_until_ready(
        self, upload: Upload, *, timeout_seconds: float = _READY_TIMEOUT_SECONDS
    ) -> Thumbnail:
        """Poll the bucket until the thumbnail is there; at the time-out, say what happened instead."""
        return self._wait(_Visible(self, upload), timeout_seconds)

    def replace(
        self,
        old: str,
        source: Path | bytes,
        filename: str,
        *,
        timeout_seconds: float = _READY_TIMEOUT_SECONDS,
    ) -> Replacement:
        """Put a new photo in the place of an old one, under a name of its own.

        The CDN and every browser may keep a thumbnail for a year, and nobody can make a browser forget. So a
        changed photo gets a new address, and no cache matters. The old one goes only when the new one can be
        seen: whoever looks meanwhile sees a photo. If the new one never comes, the old one stays, and
        NotReadyError is raised.
        """
        upload = self.upload(source, filename)
        thumbnail = self.wait_until_ready(upload, timeout_seconds=timeout_seconds)
        return Replacement(upload=upload, thumbnail=thumbnail, deletion=self.delete(old))

    def overwrite(
        self, original: str, source: Path | bytes, *, timeout_seconds: float = _READY_TIMEOUT_SECONDS
    ) -> Overwrite:
        """Change a photo under its old address; where there is a choice, `replace` is the better one.

        The CDN is made to forget the old one once the new one is there, but browsers that have it keep it for
        up to a year. Events may also overtake each other: of two overwrites within the function's time limit,
        the first one's thumbnail may win.
        """
        key = self.pipeline.original_key(original)
        before = self._look(self.pipeline.thumbnail_key(key), time.monotonic())
        upload = self.put(key, source)
        thumbnail = self._wait(_Changed(self, upload, before), timeout_seconds)
        invalidation = self.invalidate(key, *self.pipeline.thumbnail_keys(key))
        return Overwrite(upload=upload, thumbnail=thumbnail, invalidation=invalidation)

    def delete(self, original: str) -> Deletion:
        """Delete a photo everywhere, at once; deleting again does no harm.

        If it may be in the middle of being resized, a thumbnail can still turn up: have `sweep` called after
        `settled_epoch_seconds` of what this returns, by a delayed job or by `wait_until_settled`.
        """
        return self._deleter.delete(original)

    def sweep(self, deletion: Deletion) -> Sweep:
        """Take away what turned up after a deletion; final once the deletion is settled."""
        return self._deleter.sweep(deletion)

    def wait_until_settled(self, deletion: Deletion) -> list[Sweep]:
        """Sweep until nothing can turn up any more: for a job, as it takes the function's time limit."""
        return self._deleter.wait_until_settled(deletion)

    def invalidate(self, *keys: str) -> Invalidation | None:
        """Have the CDN forget objects by one request; gives None where there is no CDN."""
        return self._deleter.invalidate(*keys)

    def _look(self, key: str, started_seconds: float) -> Thumbnail | None:
        try:
            answer = self._s3.get_object(Bucket=self.pipeline.bucket, Key=key)
        except ClientError as exc:
            # Without s3:ListBucket, S3 answers 403 for a key that is not there.
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] in {403, 404}:
                return None
            raise
        data = answer["Body"].read()
        return Thumbnail(
            key=key,
            data=data,
            content_type=answer["ContentType"],
            cache_control=answer.get("CacheControl", ""),
            etag=answer["ETag"],
            modified_epoch_seconds=answer["LastModified"].timestamp(),
            visible_seconds=time.monotonic() - started_seconds,
        )

    def _wait(self, condition: _Visible, timeout_seconds: float) -> Thumbnail:
        try:
            return wait_for(condition, timeout_seconds=timeout_seconds, backoff=READY_BACKOFF)
        except TimedOutError as exc:
            raise NotReadyError(condition.upload, timeout_seconds, self._explain(condition.upload)) from exc


@dataclass(frozen=True)
class _Visible:
    application: Application
    upload: Upload

    def check(self) -> Thumbnail | None:
        return self.application.find(self.upload)

    def describe(self) -> str:
        return f"expected {self.upload.thumbnail_key}, it is not there"


@dataclass(frozen=True)
class _Changed(_Visible):
    before: Thumbnail | None

    def check(self) -> Thumbnail | None:
        thumbnail = self.application.find(self.upload)
        return thumbnail if thumbnail and _version(thumbnail) != _version(self.before) else None


def _version(thumbnail: Thumbnail | None) -> tuple[str, float] | None:
    # The time as well: another photo may have the same thumbnail, though S3 counts whole seconds only.
    return (thumbnail.etag, thumbnail.modified_epoch_seconds) if thumbnail else None
