from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from harness.application import Application, NotDeletedError, Pipeline

_KEY = "members/profile/originals/1-me (1).jpg"


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def _client(service: Any, endpoint: str) -> Any:  # noqa: ANN401  boto3's own
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  nobody listens
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_a_bucket_that_does_not_delete_is_reported_and_deleting_again_is_offered(nobody: str) -> None:
    photos = Application(Pipeline(bucket="photos"), s3=_client("s3", nobody))

    with pytest.raises(NotDeletedError, match=r"the bucket says: .*; delete it again"):
        photos.delete(_KEY)


def test_an_invalidation_that_fails_is_returned_with_its_paths(nobody: str) -> None:
    photos = Application(
        Pipeline(bucket="photos", distribution_id="E1"),
        s3=_client("s3", nobody),
        cloudfront=_client("cloudfront", nobody),
    )

    failed = photos.invalidate(_KEY)

    assert failed is not None
    assert failed.id is None
    assert "Could not connect" in (failed.error or "")
    assert failed.paths == ("/members/profile/originals/1-me%20%281%29.jpg",)
