"""The application's side: upload an original, know its thumbnail's key at once, wait until it is there."""

from __future__ import annotations

import mimetypes
import posixpath
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from harness.diagnosis import diagnose
from harness.errors import ThumbrigError
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from harness.deployment import Deployment

# Short pauses: what is measured is the time until the thumbnail can be seen.
_BACKOFF = Backoff(first_seconds=0.005, factor=1.2, most_seconds=0.25)


class NotReadyError(ThumbrigError):
    """Raised when a thumbnail has not appeared in time; says what happened to its original so far."""

    def __init__(self, upload: Upload, timeout_seconds: float, happened: list[str]) -> None:
        super().__init__(
            f"no thumbnail {upload.thumbnail_key} after {timeout_seconds:g} s:\n"
            + "\n".join(f"  - {line}" for line in happened)
        )


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
    visible_seconds: float


def thumbnail_key(deployment: Deployment, key: str) -> str:
    """Tell where the thumbnail of the original at `key` will be."""
    path = key.removeprefix(deployment.source_prefix)
    return deployment.destination_prefix + posixpath.splitext(path)[0] + deployment.thumbnail_extension


class Application:
    """What a backend does with the pipeline; uses nothing but S3 unless something goes wrong."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._s3 = deployment.aws.client("s3")

    def upload(self, source: Path | bytes, filename: str) -> Upload:
        """Put an original under a name that no other has, and return as soon as the bucket has it."""
        return self.put(f"{self._deployment.source_prefix}{uuid.uuid4()}-{filename}", source)

    def put(self, key: str, source: Path | bytes) -> Upload:
        """Put an original at exactly this key."""
        data = source.read_bytes() if isinstance(source, Path) else source
        content_type = mimetypes.guess_type(key)[0] or "application/octet-stream"
        epoch, started = time.time(), time.monotonic()
        self._s3.put_object(Bucket=self._deployment.bucket, Key=key, Body=data, ContentType=content_type)
        return Upload(
            key=key,
            thumbnail_key=thumbnail_key(self._deployment, key),
            original_bytes=len(data),
            started_epoch_seconds=epoch,
            started_seconds=started,
            accepted_seconds=time.monotonic() - started,
        )

    def find(self, upload: Upload) -> Thumbnail | None:
        """Look for the thumbnail once."""
        try:
            answer = self._s3.get_object(Bucket=self._deployment.bucket, Key=upload.thumbnail_key)
        except ClientError as exc:
            # Without s3:ListBucket, S3 answers 403 for a key that is not there.
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] in {403, 404}:
                return None
            raise
        data = answer["Body"].read()
        return Thumbnail(
            key=upload.thumbnail_key,
            data=data,
            content_type=answer["ContentType"],
            cache_control=answer.get("CacheControl", ""),
            visible_seconds=time.monotonic() - upload.started_seconds,
        )

    def wait_until_ready(self, upload: Upload, *, timeout_seconds: float = 20.0) -> Thumbnail:
        """Poll the bucket until the thumbnail is there; at the time-out, say what happened instead."""
        try:
            return wait_for(_Visible(self, upload), timeout_seconds=timeout_seconds, backoff=_BACKOFF)
        except TimedOutError as exc:
            happened = diagnose(
                self._deployment, upload.key, since_epoch_seconds=upload.started_epoch_seconds
            )
            raise NotReadyError(upload, timeout_seconds, happened) from exc


@dataclass(frozen=True)
class _Visible:
    application: Application
    upload: Upload

    def check(self) -> Thumbnail | None:
        return self.application.find(self.upload)

    def describe(self) -> str:
        return f"expected {self.upload.thumbnail_key}, it is not there"
