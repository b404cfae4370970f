"""What a backend does with the pipeline: upload, know the address, wait, replace, delete."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from harness.application.deletion import Deleter, is_missing
from harness.application.names import content_type_of, safe_name
from harness.application.pipeline import THUMBNAIL
from harness.errors import ThumbrigError
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from types_boto3_cloudfront import CloudFrontClient
    from types_boto3_s3 import S3Client

    from harness.application.deletion import Deletion, Invalidation
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


class Application(Deleter):
    """The application's side of one pipeline; may be used from several threads.

    Without `cloudfront` nothing is invalidated. `explain` returns lines that say what happened to an upload
    whose thumbnail did not come in time.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        s3: S3Client,
        cloudfront: CloudFrontClient | None = None,
        explain: Callable[[Upload], Sequence[str]] = lambda _: (),
    ) -> None:
        super().__init__(pipeline, s3=s3, cloudfront=cloudfront)
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
        """Return the address of a thumbnail, from its original's key or address; known at once."""
        return self.pipeline.thumbnail_url(original, size)

    def find(self, upload: Upload, size: str = THUMBNAIL) -> Thumbnail | None:
        """Look for the thumbnail once."""
        return self._look(self.pipeline.thumbnail_key(upload.key, size), upload.started_seconds)

    def wait_until_ready(
        self, upload: Upload, *, timeout_seconds: float = _READY_TIMEOUT_SECONDS
    ) -> Thumbnail:
        """Poll the bucket until the thumbnail is there; at the time-out, say what happened instead."""
        return self._wait(upload, lambda: self.find(upload), timeout_seconds)

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
        seen, so that people always see one of the two. If the new one never comes, the old one stays, and
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

        def look() -> Thumbnail | None:
            found = self.find(upload)
            return found if found and _version(found) != _version(before) else None

        thumbnail = self._wait(upload, look, timeout_seconds)
        invalidation = self.invalidate(key, *self.pipeline.thumbnail_keys(key))
        return Overwrite(upload=upload, thumbnail=thumbnail, invalidation=invalidation)

    def _look(self, key: str, started_seconds: float) -> Thumbnail | None:
        try:
            answer = self._s3.get_object(Bucket=self.pipeline.bucket, Key=key)
        except ClientError as exc:
            if is_missing(exc):
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

    def _wait(
        self, upload: Upload, look: Callable[[], Thumbnail | None], timeout_seconds: float
    ) -> Thumbnail:
        expected = f"expected {upload.thumbnail_key}, it is not there"
        try:
            return wait_for(look, expected, timeout_seconds=timeout_seconds, backoff=READY_BACKOFF)
        except TimedOutError as exc:
            raise NotReadyError(upload, timeout_seconds, self._explain(upload)) from exc


def _version(thumbnail: Thumbnail | None) -> tuple[str, float] | None:
    # The time as well: another photo may have the same thumbnail, though S3 counts whole seconds only.
    return (thumbnail.etag, thumbnail.modified_epoch_seconds) if thumbnail else None
