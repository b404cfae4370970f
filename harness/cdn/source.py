"""Where the edge learns what it is to serve.

A target with CloudFront is asked for the distribution that was deployed, so what an update changed there is
served too. One without is asked for the stack's template, where the distribution stands under a condition.
The same reader takes both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.cdn.distribution import Described
from harness.cdn.template import Names, Template, api_form
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.aws import Aws


class NoDistributionError(ThumbrigError):
    """Raised when a deployment gives neither a distribution nor a stack to read one from."""

    def __init__(self) -> None:
        super().__init__(
            "the edge needs a distribution: expected the deployment's distribution_id or stack_name"
        )


@dataclass(frozen=True, kw_only=True)
class Source:
    """Names what to read: a distribution by its id, or else a stack."""

    bucket: str
    distribution_id: str | None
    stack_name: str | None

    @property
    def has_control_plane(self) -> bool:
        """Whether the target itself knows the distribution."""
        return self.distribution_id is not None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read; `bucket_policy` only where the bucket itself cannot have it."""

    described: Described
    bucket_policy: Mapping[str, Any] | None = None


def read_source(aws: Aws, source: Source) -> Reading:
    """Read the distribution from where the target keeps it."""
    if source.distribution_id is not None:
        return Reading(described=_from_api(aws, source.distribution_id))
    if source.stack_name is not None:
        return _from_template(aws, source.bucket, source.stack_name)
    raise NoDistributionError


def _from_api(aws: Aws, distribution_id: str) -> Described:
    cloudfront = aws.client("cloudfront")
    distribution = cloudfront.get_distribution(Id=distribution_id)["Distribution"]
    config: dict[str, Any] = dict(distribution["DistributionConfig"])
    behaviors = [config["DefaultCacheBehavior"], *(config.get("CacheBehaviors") or {}).get("Items", [])]
    policies = {behavior["CachePolicyId"] for behavior in behaviors if behavior.get("CachePolicyId")}
    controls = {
        origin["OriginAccessControlId"]
        for origin in config["Origins"]["Items"]
        if origin.get("OriginAccessControlId")
    }
    return Described(
        id=distribution_id,
        arn=distribution["ARN"],
        domain=distribution["DomainName"],
        config=config,
        cache_policies={
            policy: dict(cloudfront.get_cache_policy(Id=policy)["CachePolicy"]["CachePolicyConfig"])
            for policy in policies
        },
        access_controls={
            control: dict(
                cloudfront.get_origin_access_control_config(Id=control)["OriginAccessControlConfig"]
            )
            for control in controls
        },
    )


def _from_template(aws: Aws, bucket: str, stack_name: str) -> Reading:
    cloudformation = aws.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    account = aws.client("sts").get_caller_identity()["Account"]
    # The id of a distribution that nobody made: of CloudFront's form, and the same each time.
    made_up = hashlib.sha256(bucket.encode()).hexdigest()[:13].upper()
    names = Names(
        parameters={
            **{one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])},
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::Region": aws.region,
            "AWS::StackName": stack_name,
        },
        attributes={
            "Bucket": bucket,
            "Bucket.RegionalDomainName": f"{bucket}.s3.{aws.region}.amazonaws.com",
            "Distribution": f"E{made_up}",
        },
    )
    template = Template(str(cloudformation.get_template(StackName=stack_name)["TemplateBody"]), names)
    _, distribution = template.only("AWS::CloudFront::Distribution")
    _, policy = template.only("AWS::S3::BucketPolicy")
    described = Described(
        id=f"E{made_up}",
        arn=f"arn:aws:cloudfront::{account}:distribution/E{made_up}",
        domain=f"d{made_up.lower()}.cloudfront.net",
        config=api_form(distribution["DistributionConfig"]),
        cache_policies={
            name: api_form(properties["CachePolicyConfig"])
            for name, properties in template.all("AWS::CloudFront::CachePolicy").items()
        },
        access_controls={
            name: properties["OriginAccessControlConfig"]
            for name, properties in template.all("AWS::CloudFront::OriginAccessControl").items()
        },
    )
    return Reading(described=described, bucket_policy=policy["PolicyDocument"])
