"""A running edge in front of a bucket."""

from __future__ import annotations

import contextlib
import gzip
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import brotli
import pytest

from harness.cdn.edge import Edge, EdgeFailedError
from harness.cdn.edge import edge as run_edge
from harness.deployment import Deployment
from harness.observe.viewer import Viewer
from harness.package.function import FunctionFolder
from harness.targets.embedded.target import EmbeddedTarget, embedded_target
from tests.conftest import FunctionFolders
from tests.harness.cdn.conftest import Bucket


@pytest.fixture
def key() -> str:
    """A key that no other test has."""
    return f"members/{uuid.uuid4()}.webp"


def test_200_viewers_of_one_missing_object_are_one_request_to_the_origin(
    edge: Edge, viewer: Viewer, key: str
) -> None:
    before = edge.counts()
    with ThreadPoolExecutor(max_workers=50) as crowd:
        answers = list(crowd.map(lambda _: viewer.get_key(key), range(200)))

    assert {answer.status for answer in answers} == {403}
    assert edge.counts().since(before).origin_requests == 1


def test_200_viewers_of_one_object_are_one_request_to_the_origin(
    edge: Edge, viewer: Viewer, bucket: Bucket, key: str
) -> None:
    bucket.put(key)
    before = edge.counts()
    with ThreadPoolExecutor(max_workers=50) as crowd:
        answers = list(crowd.map(lambda _: viewer.get_key(key), range(200)))

    assert {answer.body for answer in answers} == {b"a thumbnail"}
    assert sorted(answer.x_cache for answer in answers) == ["Hit"] * 199 + ["Miss"]
    assert edge.counts().since(before).origin_requests == 1


def test_head_has_the_headers_of_get_and_no_body(viewer: Viewer, bucket: Bucket, key: str) -> None:
    bucket.put(key)
    whole = viewer.get_key(key)
    head = viewer.request("HEAD", f"/{key}")

    assert (head.status, head.body, head.x_cache) == (200, b"", "Hit")
    for name in ("content-length", "content-type", "etag", "last-modified", "cache-control"):
        assert head.headers[name] == whole.headers[name]


def test_a_part_is_cut_from_the_cached_object(viewer: Viewer, bucket: Bucket, key: str) -> None:
    bucket.put(key, b"0123456789")
    part = viewer.get_key(key, Range="bytes=2-5")
    beyond = viewer.get_key(key, Range="bytes=10-")

    assert (part.status, part.body, part.headers["content-range"]) == (206, b"2345", "bytes 2-5/10")
    assert (beyond.status, beyond.headers["content-range"]) == (416, "bytes */10")
    assert viewer.get_key(key).body == b"0123456789"


def test_a_viewer_with_the_object_gets_a_304(viewer: Viewer, bucket: Bucket, key: str) -> None:
    bucket.put(key)
    etag = viewer.get_key(key).headers["etag"]
    again = viewer.get_key(key, If_None_Match=etag)

    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)


def test_a_drawing_is_compressed_and_a_thumbnail_is_not(viewer: Viewer, bucket: Bucket, key: str) -> None:
    drawing = b"<svg>" + b" " * 2_000 + b"</svg>"
    bucket.put(f"{key}.svg", drawing, "image/svg+xml")
    bucket.put(key, os.urandom(2_000))
    by_brotli = viewer.get_key(f"{key}.svg", Accept_Encoding="gzip, br")
    by_gzip = viewer.get_key(f"{key}.svg", Accept_Encoding="gzip")
    thumbnail = viewer.get_key(key, Accept_Encoding="gzip, br")

    assert brotli.decompress(by_brotli.body) == drawing
    assert gzip.decompress(by_gzip.body) == drawing
    assert by_brotli.headers["etag"].startswith('W/"')
    assert "content-encoding" not in thumbnail.headers
    assert len(thumbnail.body) == 2_000


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "a+b",
        "a%2Bb",
        "한국",
        "🙂",
        "a//b",
        "a..b",
        "a/../b",
        "(1)",
        "100%",
        "a&b=c;d",
        "'quoted'",
        "a:b@c",
    ],
)
def test_any_key_is_served(viewer: Viewer, bucket: Bucket, key: str, name: str) -> None:
    bucket.put(f"{key}/{name}", name.encode())

    assert viewer.get(f"/{quote(f'{key}/{name}')}").body == name.encode()


def test_query_and_cookies_are_not_a_part_of_what_is_asked_for(
    edge: Edge, viewer: Viewer, bucket: Bucket, key: str
) -> None:
    bucket.put(key)
    before = edge.counts()
    viewer.get_key(key)
    other = viewer.get(f"/{key}?v=2", Cookie="session=1")

    assert other.x_cache == "Hit"
    assert edge.counts().since(before).origin_requests == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_method_that_is_not_allowed_is_refused(viewer: Viewer, key: str, method: str) -> None:
    answer = viewer.request(method, f"/{key}")

    assert (answer.status, answer.x_cache) == (403, "Error")
    assert b"not configured to allow the HTTP request method" in answer.body


def test_options_goes_to_the_bucket_each_time(edge: Edge, viewer: Viewer, key: str) -> None:
    before = edge.counts()
    for _ in range(2):
        viewer.request("OPTIONS", f"/{key}")

    assert edge.counts().since(before).origin_requests == 2


def test_http_is_redirected_to_https(edge: Edge, viewer: Viewer, key: str) -> None:
    answer = viewer.request("GET", f"/{key}?a=b", secure=False)

    assert (answer.status, answer.x_cache) == (301, "Redirect")
    assert answer.headers["location"] == f"{edge.url}/{key}?a=b"
    assert viewer.request("POST", f"/{key}", secure=False).status == 307


def test_without_the_policy_the_edge_is_not_let_in(target: EmbeddedTarget) -> None:
    deployment = target.deploy()
    s3 = deployment.aws.client("s3")
    s3.put_object(Bucket=deployment.bucket, Key="a", Body=b"a")
    with run_edge(deployment) as edge:
        viewer = Viewer(edge)
        with_policy = viewer.get("/a").status
        edge.clock.advance(86_400)
        s3.delete_bucket_policy(Bucket=deployment.bucket)
        without_policy = viewer.get("/a").status

    assert (with_policy, without_policy) == (200, 403)


@pytest.mark.integration
def test_while_the_origin_is_down_what_is_there_is_served(
    tmp_path: Path, function_folders: FunctionFolders
) -> None:
    function = FunctionFolder.load(function_folders.make("def handle(event, context): return {}"))
    with contextlib.ExitStack() as running:
        with embedded_target(function, cache=tmp_path) as target:
            deployment = target.deploy()
            deployment.aws.client("s3").put_object(Bucket=deployment.bucket, Key="a", Body=b"a")
            edge = running.enter_context(run_edge(deployment))
            viewer = Viewer(edge)
            viewer.get("/a")
        edge.clock.advance(86_401)
        stale, missing = viewer.get("/a"), viewer.get("/b")

    assert (stale.status, stale.body, stale.x_cache) == (200, b"a", "Hit")
    assert int(stale.headers["age"]) >= 86_401
    assert (missing.status, missing.x_cache) == (502, "Error")


def test_an_update_of_the_distribution_is_served(target: EmbeddedTarget) -> None:
    deployment = target.deploy()
    deployment.aws.client("s3").put_object(Bucket=deployment.bucket, Key="soon.svg", Body=b"soon")
    with run_edge(deployment) as edge:
        found = edge.cloudfront.get_distribution_config(Id=edge.distribution_id)
        config = found["DistributionConfig"]
        config["CustomErrorResponses"] = {
            "Quantity": 1,
            "Items": [
                {
                    "ErrorCode": 403,
                    "ErrorCachingMinTTL": 1,
                    "ResponsePagePath": "/soon.svg",
                    "ResponseCode": "200",
                }
            ],
        }
        edge.cloudfront.update_distribution(
            Id=edge.distribution_id, IfMatch=found["ETag"], DistributionConfig=config
        )
        answer = Viewer(edge).get("/not-there-yet")

    assert (answer.status, answer.body, answer.x_cache) == (200, b"soon", "Error")


def test_without_cloudfront_the_template_s_distribution_is_served(target: EmbeddedTarget) -> None:
    deployment = target.deploy(parameters={"WithCloudFront": "false"})
    deployment.aws.client("s3").put_object(Bucket=deployment.bucket, Key="a", Body=b"a")
    with run_edge(deployment) as edge:
        viewer = Viewer(edge)
        there, missing = viewer.get("/a"), viewer.get("/b")

    assert (there.status, there.body) == (200, b"a")
    assert (missing.status, missing.x_cache) == (403, "Error")


@pytest.mark.integration
def test_an_edge_that_cannot_start_gives_the_reason(deployment: Deployment) -> None:
    nothing_to_serve = replace(deployment, distribution_id=None, stack_name=None)

    with pytest.raises(EdgeFailedError, match="needs a distribution"), run_edge(nothing_to_serve):
        pass


def test_nothing_is_left_of_an_edge(deployment: Deployment) -> None:
    with run_edge(deployment) as edge:
        folder = edge.ca_certificate.parent
        assert folder.exists()

    assert not folder.exists()
    with pytest.raises(EdgeFailedError, match="expected an answer"):
        edge.counts()
