"""Reads and writes the bucket by obstore, which imports and connects in a tenth of boto3's time.

obstore normalises keys as if they were paths. It refuses empty and dotted segments and control characters,
and drops a slash at either end without a word, so that it would read another object. All of these are legal
in S3, so such keys go through boto3. Lambda's Python runtime brings it, and only they pay for its import.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import obstore
from obstore.store import S3Store

from resizer.errors import OriginalMissingError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from resizer.formats import Buffer

# The name carries the original's uuid, so a thumbnail never changes.
_CACHE_CONTROL = "max-age=31536000"
_CONTROL_CHARACTERS = frozenset(map(chr, (*range(0x20), 0x7F)))


class Storage(Protocol):
    """Where originals come from and thumbnails go to."""

    def get(self, key: str, *, admit: Callable[[int], None]) -> Buffer:
        """Read an object; raises OriginalMissingError if there is none.

        `admit` gets its size in bytes before they come, and may raise.
        """

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        """Write an object, to be cached for a year."""


class S3Storage:
    """One bucket of S3; credentials, region and endpoint are those of the environment's AWS_ variables."""

    def __init__(self, bucket: str, env: Mapping[str, str] = os.environ) -> None:
        self._bucket = bucket
        endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL")
        self._store = S3Store(
            bucket,
            config={"endpoint": endpoint} if endpoint else None,
            client_options={
                "allow_http": (endpoint or "").startswith("http://"),
                "connect_timeout": timedelta(seconds=3),
                "timeout": timedelta(seconds=20),
            },
            # The function has 30 s in all; after that Lambda itself tries again.
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=10)},
        )

    def get(self, key: str, *, admit: Callable[[int], None]) -> Buffer:
        """Read an object whose size is admitted; raises OriginalMissingError if there is none.

        Without s3:ListBucket S3 answers 403 for a missing key, which stays an error to be retried: it may as
        well be a policy that is being changed.
        """
        if not _is_path(key):
            return self._get_by_boto3(key, admit)
        try:
            found = obstore.get(self._store, key)
            admit(found.meta["size"])
            # A view, because a copy would need an original's size twice.
            return memoryview(found.bytes())
        except FileNotFoundError as exc:
            if "NoSuchBucket" in str(exc):
                raise
            raise OriginalMissingError(key) from exc

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        """Write an object, to be cached for a year."""
        if not _is_path(key):
            self._boto3.put_object(
                Bucket=self._bucket, Key=key, Body=data, ContentType=content_type, CacheControl=_CACHE_CONTROL
            )
            return
        attributes = {"Content-Type": content_type, "Cache-Control": _CACHE_CONTROL}
        obstore.put(self._store, key, data, attributes=attributes)

    def _get_by_boto3(self, key: str, admit: Callable[[int], None]) -> bytes:
        try:
            found = self._boto3.get_object(Bucket=self._bucket, Key=key)
            admit(found["ContentLength"])
            return found["Body"].read()
        except self._boto3.exceptions.NoSuchKey as exc:
            raise OriginalMissingError(key) from exc

    @cached_property
    def _boto3(self) -> S3Client:
        import boto3  # noqa: PLC0415  300 ms that only odd keys pay for

        return boto3.client("s3")


def _is_path(key: str) -> bool:
    """Return whether obstore would leave the key as it is."""
    segments = key.split("/")
    return not ({"", ".", ".."} & set(segments) or _CONTROL_CHARACTERS & set(key))
