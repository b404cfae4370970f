"""Invalidations by boto3's own client, pointed at the edge."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from harness.cdn.edge import Edge
from harness.cdn.edge import edge as run_edge
from harness.deployment import Deployment
from harness.observe.viewer import Viewer
from harness.sandbox.function import assume_role
from harness.targets.embedded.target import EmbeddedTarget
from tests.harness.cdn.conftest import Bucket


@pytest.fixture
def fresh_edge(deployment: Deployment) -> Iterator[Edge]:
    """An edge with a ledger of its own."""
    with run_edge(deployment, invalidation_seconds=60) as edge:
        yield edge


def _invalidate(edge: Edge, *paths: str, reference: str | None = None) -> str:
    answer = edge.cloudfront.create_invalidation(
        DistributionId=edge.distribution_id,
        InvalidationBatch={
            "Paths": {"Quantity": len(paths), "Items": list(paths)},
            "CallerReference": reference or str(uuid.uuid4()),
        },
    )
    assert answer["Invalidation"]["Status"] == "InProgress"
    return answer["Invalidation"]["Id"]


def test_an_invalidated_object_is_fetched_again(edge: Edge, viewer: Viewer, bucket: Bucket) -> None:
    folder = f"members/{uuid.uuid4()}"
    for name in ("1.webp", "2.webp", "other"):
        bucket.put(f"{folder}/{name}")
        viewer.get_key(f"{folder}/{name}")
        bucket.put(f"{folder}/{name}", b"replaced")
    _invalidate(edge, f"/{folder}/1*", f"/{folder}/2.webp")

    assert viewer.get_key(f"{folder}/1.webp").body == b"replaced"
    assert viewer.get_key(f"{folder}/2.webp").body == b"replaced"
    assert viewer.get_key(f"{folder}/other").body == b"a thumbnail"


def test_an_invalidation_is_found_again_and_is_done_after_its_time(fresh_edge: Edge) -> None:
    number = _invalidate(fresh_edge, "/a", "/b*", reference="mine")
    found = {"DistributionId": fresh_edge.distribution_id, "Id": number}
    early = fresh_edge.cloudfront.get_invalidation(**found)["Invalidation"]
    fresh_edge.clock.advance(60)
    late = fresh_edge.cloudfront.get_invalidation(**found)["Invalidation"]

    assert (early["Status"], late["Status"]) == ("InProgress", "Completed")
    assert late["InvalidationBatch"] == {
        "Paths": {"Quantity": 2, "Items": ["/a", "/b*"]},
        "CallerReference": "mine",
    }


def test_invalidations_are_listed_by_pages_the_newest_first(fresh_edge: Edge) -> None:
    numbers = [_invalidate(fresh_edge, f"/{number}") for number in range(5)]
    pages = fresh_edge.cloudfront.get_paginator("list_invalidations").paginate(
        DistributionId=fresh_edge.distribution_id, PaginationConfig={"PageSize": 2}
    )
    listed = [item["Id"] for page in pages for item in page["InvalidationList"].get("Items", [])]

    assert listed == numbers[::-1]


def test_the_same_batch_again_is_counted_once(fresh_edge: Edge) -> None:
    first = _invalidate(fresh_edge, "/a", reference="same")
    second = _invalidate(fresh_edge, "/a", reference="same")

    assert first == second
    assert fresh_edge.counts().invalidated_paths == 1


@pytest.mark.parametrize(
    ("paths", "code"),
    [
        pytest.param(["no-slash"], "InvalidArgument", id="no slash"),
        pytest.param(["/a*b"], "InvalidArgument", id="wildcard in the middle"),
        pytest.param([f"/{number}" for number in range(3_001)], "BatchTooLarge", id="3,001 paths"),
        pytest.param([f"/{n}*" for n in range(16)], "TooManyInvalidationsInProgress", id="16 wildcards"),
    ],
)
def test_what_cloudfront_refuses_is_refused_with_its_code(
    fresh_edge: Edge, paths: list[str], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        _invalidate(fresh_edge, *paths)

    assert refused.value.response["Error"]["Code"] == code
    assert fresh_edge.counts().invalidated_paths == 0


def test_quantity_and_items_must_agree(edge: Edge) -> None:
    with pytest.raises(ClientError) as refused:
        edge.cloudfront.create_invalidation(
            DistributionId=edge.distribution_id,
            InvalidationBatch={"Paths": {"Quantity": 2, "Items": ["/a"]}, "CallerReference": "x"},
        )

    assert refused.value.response["Error"]["Code"] == "InconsistentQuantities"


def test_another_distribution_is_not_here(edge: Edge) -> None:
    with pytest.raises(ClientError) as refused:
        edge.cloudfront.list_invalidations(DistributionId="EDFDVBD6EXAMPLE")

    assert refused.value.response["Error"]["Code"] == "NoSuchDistribution"


def test_an_unknown_invalidation_is_refused(edge: Edge) -> None:
    with pytest.raises(ClientError) as refused:
        edge.cloudfront.get_invalidation(DistributionId=edge.distribution_id, Id="I1")

    assert refused.value.response["Error"]["Code"] == "NoSuchInvalidation"


def test_a_role_without_the_permission_cannot_invalidate(edge: Edge, deployment: Deployment) -> None:
    credentials = assume_role(deployment.aws, deployment.role_arn, session_name="no-permission")
    aws = replace(edge.aws, endpoint_url=edge.cloudfront_endpoint)
    cloudfront = aws.with_credentials(credentials).client("cloudfront")

    with pytest.raises(ClientError) as refused:
        cloudfront.create_invalidation(
            DistributionId=edge.distribution_id,
            InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": "denied"},
        )

    assert refused.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"", "MissingBody", id="no body"),
        pytest.param(b"<not xml", "MalformedXML", id="no XML"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "MalformedXML", id="entities"),
        pytest.param(b"<InvalidationBatch/>", "MalformedXML", id="no paths"),
    ],
)
def test_a_malformed_batch_is_refused(edge: Edge, body: bytes, code: str) -> None:
    request = urllib.request.Request(  # noqa: S310  loopback
        f"{edge.cloudfront_endpoint}/2020-05-31/distribution/{edge.distribution_id}/invalidation",
        data=body,
        headers={"Authorization": "AWS4-HMAC-SHA256 ..."},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)  # noqa: S310  loopback

    with refused.value as answer:
        assert f"<Code>{code}</Code>" in answer.read().decode()


def test_unsigned_calls_are_refused(edge: Edge) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{edge.cloudfront_endpoint}/2020-05-31/distribution")  # noqa: S310  loopback

    with refused.value as answer:
        assert answer.code == 403
        assert "<Code>MissingAuthenticationToken</Code>" in answer.read().decode()


def test_other_calls_reach_the_target_s_own_control_plane(edge: Edge) -> None:
    listed = edge.cloudfront.list_distributions()["DistributionList"]

    assert edge.distribution_id in [item["Id"] for item in listed["Items"]]


def test_without_a_control_plane_other_calls_are_refused(target: EmbeddedTarget) -> None:
    with run_edge(target.deploy(parameters={"WithCloudFront": "false"})) as edge:
        with pytest.raises(ClientError) as refused:
            edge.cloudfront.list_distributions()
        _invalidate(edge, "/*")

    assert refused.value.response["Error"]["Code"] == "NotImplemented"
