from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harness.cdn.edge import edge as run_edge
from harness.observe.viewer import Viewer
from harness.package.function import FunctionFolder
from harness.targets.embedded.target import embedded_target

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from harness.cdn.edge import Edge
    from harness.deployment import Deployment
    from harness.targets.embedded.target import EmbeddedTarget
    from tests.conftest import FunctionFolders


@pytest.fixture(scope="session")
def target(
    tmp_path_factory: pytest.TempPathFactory, function_folders: FunctionFolders
) -> Iterator[EmbeddedTarget]:
    function = FunctionFolder.load(function_folders.make("def handle(event, context): return {}"))
    with embedded_target(function, cache=tmp_path_factory.mktemp("cache")) as target:
        yield target


@pytest.fixture(scope="session")
def deployment(target: EmbeddedTarget) -> Deployment:
    return target.deploy()


@pytest.fixture(scope="session")
def edge(deployment: Deployment) -> Iterator[Edge]:
    """An edge that several tests share: each has keys of its own."""
    with run_edge(deployment, invalidation_seconds=60) as edge:
        yield edge


@pytest.fixture
def viewer(edge: Edge) -> Viewer:
    return Viewer(edge)


class Bucket:
    """The bucket behind an edge."""

    def __init__(self, deployment: Deployment) -> None:
        self.name = deployment.bucket
        self.s3: S3Client = deployment.aws.client("s3")

    def put(self, key: str, body: bytes = b"a thumbnail", content_type: str = "image/webp") -> None:
        """Put an object as the function puts thumbnails."""
        self.s3.put_object(
            Bucket=self.name, Key=key, Body=body, ContentType=content_type, CacheControl="max-age=31536000"
        )


@pytest.fixture
def bucket(deployment: Deployment) -> Bucket:
    return Bucket(deployment)
