"""Where the edge learns what to serve.

From a target with CloudFront it reads the deployed distribution, so it also serves what an update changed.
From one without it reads the stack's template, where the distribution stands under a condition. It resolves
references and substitutions as CloudFormation does, and brings the result into the form of the API. So one
reader takes both.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from harness.aws import Aws
from harness.cdn.distribution import Described
from harness.deployment import Deployment
from harness.errors import ThumbrigError

_SUBSTITUTION: Final = re.compile(r"\$\{([^!}]+)\}")
# In the API each list has its count beside it, except for these.
_PLAIN_LISTS: Final = frozenset({"Tags"})


class NoDistributionError(ThumbrigError):
    """Raised when a deployment has neither a distribution nor a stack to read one from."""

    def __init__(self) -> None:
        super().__init__(
            "the edge needs a distribution: expected the deployment's distribution_id or stack_name"
        )


class UnreadableTemplateError(ThumbrigError):
    """Raised when a template does not describe a distribution that can be resolved."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"expected a template with one CloudFront distribution: {reason}")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where to read: a distribution by its id, or else a stack."""

    bucket: str
    distribution_id: str | None
    stack_name: str | None

    @classmethod
    def of(cls, deployment: Deployment) -> Source:
        """Name what an edge of this deployment serves."""
        return cls(
            bucket=deployment.bucket,
            distribution_id=deployment.distribution_id,
            stack_name=deployment.stack_name,
        )

    @property
    def has_control_plane(self) -> bool:
        """Whether the target itself knows the distribution."""
        return self.distribution_id is not None


def read_source(aws: Aws, source: Source) -> Described:
    """Read the distribution from the API, or from the template."""
    if source.distribution_id is not None:
        return _from_api(aws, source.distribution_id)
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


def _from_template(aws: Aws, bucket: str, stack_name: str) -> Described:
    cloudformation = aws.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    account = aws.client("sts").get_caller_identity()["Account"]
    # The id of a distribution that does not exist: in CloudFront's form, and the same each time.
    made_up = hashlib.sha256(bucket.encode()).hexdigest()[:13].upper()
    names = {
        **{one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])},
        "AWS::AccountId": account,
        "AWS::Partition": "aws",
        "AWS::Region": aws.region,
        "AWS::StackName": stack_name,
        "Bucket": bucket,
        "Bucket.RegionalDomainName": f"{bucket}.s3.{aws.region}.amazonaws.com",
        "Distribution": f"E{made_up}",
    }
    template = Template(str(cloudformation.get_template(StackName=stack_name)["TemplateBody"]), names)
    _, distribution = template.only("AWS::CloudFront::Distribution")
    _, policy = template.only("AWS::S3::BucketPolicy")
    return Described(
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
        bucket_policy=policy["PolicyDocument"],
    )


class Template:
    """A template's resources, resolved one by one.

    `names` resolves its references: parameters, pseudo parameters, and the resources that exist.
    """

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506  a safe loader that knows the template's tags
        self._resources: dict[str, Any] = document.get("Resources", {})
        defaults = {
            name: str(parameter["Default"])
            for name, parameter in document.get("Parameters", {}).items()
            if "Default" in parameter
        }
        self._names = {**defaults, **names}

    def only(self, kind: str) -> tuple[str, dict[str, Any]]:
        """Return the one resource of a type: its name and its resolved properties."""
        found = self.all(kind)
        if len(found) != 1:
            raise UnreadableTemplateError(f"it has {len(found)} of type {kind}")
        return next(iter(found.items()))

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return all resources of a type by their names."""
        return {
            name: self._resolve(resource.get("Properties", {}))
            for name, resource in self._resources.items()
            if resource["Type"] == kind
        }

    def _resolve(self, value: Any) -> Any:  # noqa: ANN401  a tree of YAML
        if isinstance(value, _Call):
            return self._call(value)
        if isinstance(value, dict):
            return {name: self._resolve(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._resolve(one) for one in value]
        return value

    def _call(self, call: _Call) -> str:
        if call.function == "Ref":
            return self._name(call.argument)
        if call.function == "GetAtt":
            argument = call.argument
            return self._name(argument if isinstance(argument, str) else ".".join(argument))
        if call.function == "Sub" and isinstance(call.argument, str):
            return _SUBSTITUTION.sub(lambda match: self._name(match[1]), call.argument)
        raise UnreadableTemplateError(f"!{call.function} is not one of !Ref, !GetAtt, !Sub")

    def _name(self, name: str) -> str:
        if name in self._names:
            return self._names[name]
        # A resource that does not exist goes by its logical name, which only has to be the same everywhere.
        if name.partition(".")[0] in self._resources:
            return name.partition(".")[0]
        raise UnreadableTemplateError(f"{name} stands for nothing")


def api_form(properties: Any) -> Any:  # noqa: ANN401  a tree of YAML
    """Bring a template's properties into the API's form, where lists have a Quantity."""
    if isinstance(properties, list):
        return {"Quantity": len(properties), "Items": [api_form(one) for one in properties]}
    if not isinstance(properties, dict):
        return properties
    given = {name: value if name in _PLAIN_LISTS else api_form(value) for name, value in properties.items()}
    # In the API the cached methods are a part of the allowed ones.
    if "CachedMethods" in given:
        cached = given.pop("CachedMethods")
        given["AllowedMethods"] = {**given.get("AllowedMethods", {}), "CachedMethods": cached}
    return given


@dataclass(frozen=True)
class _Call:
    function: str
    argument: Any


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _construct(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> _Call:
    if isinstance(node, yaml.ScalarNode):
        return _Call(suffix, loader.construct_scalar(node))
    if isinstance(node, yaml.SequenceNode):
        return _Call(suffix, loader.construct_sequence(node, deep=True))
    raise UnreadableTemplateError(f"!{suffix} has a mapping")


_Loader.add_multi_constructor("!", _construct)
