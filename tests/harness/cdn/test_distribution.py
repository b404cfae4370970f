"""What the edge reads of a distribution, from the API and from the template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.cdn.distribution import Described, UnsupportedDistributionError, read_distribution
from harness.cdn.source import (
    NoDistributionError,
    Source,
    Template,
    UnreadableTemplateError,
    api_form,
    read_source,
)
from harness.deployment import Deployment

_CONFIG: dict[str, Any] = {
    "Enabled": True,
    "Origins": {"Items": [{"Id": "b", "DomainName": "photos.s3.x.amazonaws.com", "S3OriginConfig": {}}]},
    "DefaultCacheBehavior": {
        "TargetOriginId": "b",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": "p",
    },
}
_DESCRIBED = Described(
    id="E1",
    arn="arn:aws:cloudfront::1:distribution/E1",
    domain="d1.cloudfront.net",
    config=_CONFIG,
    cache_policies={"p": {"MinTTL": 0}},
    access_controls={},
)


def test_the_api_and_the_template_describe_the_same_distribution(deployment: Deployment) -> None:
    by_api = Source.of(deployment)
    by_template = replace(by_api, distribution_id=None)
    described = read_distribution(read_source(deployment.aws, by_api))
    resolved = read_distribution(read_source(deployment.aws, by_template))

    for made_up in ("id", "arn", "domain", "bucket_policy"):
        resolved = replace(resolved, **{made_up: getattr(described, made_up)})
    assert resolved == described


def test_the_template_is_read_as_it_stands(deployment: Deployment) -> None:
    source = Source(bucket=deployment.bucket, distribution_id=deployment.distribution_id, stack_name=None)
    behavior = read_distribution(read_source(deployment.aws, source)).behavior("/any")

    assert behavior.allowed_methods == {"GET", "HEAD", "OPTIONS"}
    assert behavior.cached_methods == {"GET", "HEAD"}
    assert behavior.viewer_protocol == "redirect-to-https"
    assert (behavior.ttl.minimum_seconds, behavior.ttl.default_seconds) == (0, 86_400)
    assert behavior.ttl.maximum_seconds == 31_536_000
    assert behavior.gzip
    assert behavior.brotli
    assert behavior.origin.signed
    assert behavior.origin.bucket == deployment.bucket


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"Enabled": False}, "Enabled", id="disabled"),
        pytest.param(
            {"Origins": {"Items": [{"Id": "b", "DomainName": "x.org", "CustomOriginConfig": {}}]}},
            "a bucket",
            id="another origin",
        ),
        pytest.param(
            {"DefaultCacheBehavior": {**_CONFIG["DefaultCacheBehavior"], "CachePolicyId": "none"}},
            "a cache policy",
            id="no cache policy",
        ),
        pytest.param(
            {
                "DefaultCacheBehavior": {
                    **_CONFIG["DefaultCacheBehavior"],
                    "LambdaFunctionAssociations": {"Items": ["edge"]},
                }
            },
            "LambdaFunctionAssociations",
            id="functions at the edge",
        ),
    ],
)
def test_what_the_edge_does_not_do_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedDistributionError, match=named):
        read_distribution(replace(_DESCRIBED, config={**_CONFIG, **changes}))


def test_forwarded_query_strings_are_refused() -> None:
    parameters = {"QueryStringsConfig": {"QueryStringBehavior": "all"}}
    policy = {"MinTTL": 0, "ParametersInCacheKeyAndForwardedToOrigin": parameters}

    with pytest.raises(UnsupportedDistributionError, match="QueryStringBehavior"):
        read_distribution(replace(_DESCRIBED, cache_policies={"p": policy}))


def test_the_first_pattern_that_matches_decides() -> None:
    behaviors = [{**_CONFIG["DefaultCacheBehavior"], "PathPattern": "/soon/*", "TargetOriginId": "b"}]
    config = {**_CONFIG, "CacheBehaviors": {"Items": behaviors}}
    distribution = read_distribution(replace(_DESCRIBED, config=config))

    assert distribution.behavior("/soon/a").pattern == "/soon/*"
    assert distribution.behavior("/a").pattern == "*"


def test_error_rules_are_read_with_their_defaults() -> None:
    rules = [{"ErrorCode": 403, "ErrorCachingMinTTL": 0}, {"ErrorCode": 404, "ResponsePagePath": "/p"}]
    config = {**_CONFIG, "CustomErrorResponses": {"Items": rules}}
    distribution = read_distribution(replace(_DESCRIBED, config=config))

    assert distribution.error_rule(403).minimum_seconds == 0
    assert distribution.error_rule(404).minimum_seconds == 10
    assert distribution.error_rule(404).page_path == "/p"
    assert distribution.error_rule(500).minimum_seconds == 10


def test_without_a_distribution_there_is_no_edge(deployment: Deployment) -> None:
    with pytest.raises(NoDistributionError):
        read_source(deployment.aws, Source(bucket="b", distribution_id=None, stack_name=None))


def test_a_name_that_stands_for_nothing_is_reported() -> None:
    template = Template("Resources: {A: {Type: T, Properties: {B: !Ref Missing}}}", names={})

    with pytest.raises(UnreadableTemplateError, match="Missing stands for nothing"):
        template.only("T")


def test_lists_get_the_quantity_that_the_api_gives_them() -> None:
    given = api_form({"AllowedMethods": ["GET", "HEAD"], "CachedMethods": ["GET"]})

    assert given == {
        "AllowedMethods": {
            "Quantity": 2,
            "Items": ["GET", "HEAD"],
            "CachedMethods": {"Quantity": 1, "Items": ["GET"]},
        }
    }
