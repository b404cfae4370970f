"""A distribution's configuration, in the form that the edge uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from harness.cdn.rules.errors import USUAL, ErrorRule
from harness.cdn.rules.freshness import Lifetimes
from harness.cdn.rules.paths import matches_pattern
from harness.errors import ThumbrigError

# CloudFront's defaults for a cache behavior that names no methods.
_METHODS: Final = ("GET", "HEAD")


class UnsupportedDistributionError(ThumbrigError):
    """Raised when a distribution uses a setting that the edge does not support."""

    def __init__(self, setting: str, wanted: str, found: object) -> None:
        super().__init__(
            f"the edge cannot serve this distribution: expected {setting} to be {wanted}, it is {found!r}"
        )


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A bucket behind the distribution; `signed` if an origin access control lets the edge in."""

    bucket: str
    path: str
    signed: bool


@dataclass(frozen=True, kw_only=True)
class Behavior:
    """How the edge serves requests of a path pattern."""

    pattern: str
    origin: Origin
    viewer_protocol: str
    allowed_methods: frozenset[str]
    cached_methods: frozenset[str]
    ttl: Lifetimes
    gzip: bool
    brotli: bool


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One distribution: its names, and how it serves requests."""

    id: str
    arn: str
    domain: str
    aliases: tuple[str, ...]
    root_object: str
    behaviors: tuple[Behavior, ...]
    errors: Mapping[int, ErrorRule] = field(default_factory=dict)
    bucket_policy: Mapping[str, Any] | None = None

    def behavior(self, path: str) -> Behavior:
        """Return the first behavior whose pattern matches; the last is the default and matches all paths."""
        for behavior in self.behaviors[:-1]:
            if matches_pattern(behavior.pattern, path):
                return behavior
        return self.behaviors[-1]

    def error_rule(self, status: int) -> ErrorRule:
        """Return the rule for a status."""
        return self.errors.get(status, USUAL)


@dataclass(frozen=True, kw_only=True)
class Described:
    """A distribution as the CloudFront API describes it, with the policies that it refers to by id.

    `bucket_policy` is there only if the bucket itself does not have it.
    """

    id: str
    arn: str
    domain: str
    config: Mapping[str, Any]
    cache_policies: Mapping[str, Mapping[str, Any]]
    access_controls: Mapping[str, Mapping[str, Any]]
    bucket_policy: Mapping[str, Any] | None = None


def read_distribution(described: Described) -> Distribution:
    """Read the configuration; raise UnsupportedDistributionError for what the edge cannot serve."""
    config = described.config
    _require("Enabled", config.get("Enabled"), wanted=True)
    origins = {origin["Id"]: _origin(origin, described) for origin in _items(config, "Origins")}
    behaviors = [*_items(config, "CacheBehaviors"), {"PathPattern": "*", **config["DefaultCacheBehavior"]}]
    return Distribution(
        id=described.id,
        arn=described.arn,
        domain=described.domain,
        aliases=tuple(_items(config, "Aliases")),
        root_object=config.get("DefaultRootObject") or "",
        behaviors=tuple(_behavior(behavior, origins, described) for behavior in behaviors),
        errors={int(rule["ErrorCode"]): _error_rule(rule) for rule in _items(config, "CustomErrorResponses")},
        bucket_policy=described.bucket_policy,
    )


def _origin(origin: Mapping[str, Any], described: Described) -> Origin:
    if "S3OriginConfig" not in origin:
        raise UnsupportedDistributionError(f"origin {origin['Id']}", "a bucket", origin.get("DomainName"))
    _require("OriginAccessIdentity", origin["S3OriginConfig"].get("OriginAccessIdentity") or "", wanted="")
    _require("CustomHeaders", list(_items(origin, "CustomHeaders")), wanted=[])
    control = described.access_controls.get(origin.get("OriginAccessControlId") or "")
    if control is not None:
        _require("SigningProtocol", control["SigningProtocol"], wanted="sigv4")
    return Origin(
        # bucket.s3.region.amazonaws.com; emulators put other things after the bucket's name.
        bucket=origin["DomainName"].partition(".s3")[0],
        path=origin.get("OriginPath") or "",
        # "no-override" signs as well: viewers' Authorization headers are not forwarded here.
        signed=control is not None and control["SigningBehavior"] != "never",
    )


def _behavior(behavior: Mapping[str, Any], origins: Mapping[str, Origin], described: Described) -> Behavior:
    for name in ("LambdaFunctionAssociations", "FunctionAssociations", "TrustedSigners", "TrustedKeyGroups"):
        _require(name, list(_items(behavior, name)), wanted=[])
    policy_id = str(behavior.get("CachePolicyId"))
    if policy_id not in described.cache_policies:
        raise UnsupportedDistributionError("CachePolicyId", "a cache policy", policy_id)
    policy = described.cache_policies[policy_id]
    parameters = policy.get("ParametersInCacheKeyAndForwardedToOrigin", {})
    for name in ("QueryString", "Cookie", "Header"):
        chosen = parameters.get(f"{name}sConfig", {}).get(f"{name}Behavior", "none")
        _require(f"{name}Behavior", chosen, wanted="none")
    compress = bool(behavior.get("Compress"))
    allowed = behavior.get("AllowedMethods") or {}
    return Behavior(
        pattern=behavior["PathPattern"],
        origin=origins[behavior["TargetOriginId"]],
        viewer_protocol=behavior["ViewerProtocolPolicy"],
        allowed_methods=frozenset(allowed.get("Items") or _METHODS),
        cached_methods=frozenset((allowed.get("CachedMethods") or {}).get("Items") or _METHODS),
        ttl=_lifetimes(policy),
        gzip=compress and bool(parameters.get("EnableAcceptEncodingGzip")),
        brotli=compress and bool(parameters.get("EnableAcceptEncodingBrotli")),
    )


def _lifetimes(policy: Mapping[str, Any]) -> Lifetimes:
    # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CachePolicyConfig.html: a default
    # is never below the smaller TTLs.
    minimum = float(policy["MinTTL"])
    default = float(policy.get("DefaultTTL", max(86400.0, minimum)))
    maximum = float(policy.get("MaxTTL", max(31536000.0, minimum, default)))
    return Lifetimes(minimum_seconds=minimum, default_seconds=default, maximum_seconds=maximum)


def _error_rule(rule: Mapping[str, Any]) -> ErrorRule:
    seconds = rule.get("ErrorCachingMinTTL")
    return ErrorRule(
        minimum_seconds=USUAL.minimum_seconds if seconds is None else float(seconds),
        page_path=rule.get("ResponsePagePath") or None,
        page_status=int(rule["ResponseCode"]) if rule.get("ResponseCode") else None,
    )


def _items(holder: Mapping[str, Any], name: str) -> Iterator[Any]:
    yield from (holder.get(name) or {}).get("Items") or ()


def _require(setting: str, found: object, *, wanted: object) -> None:
    if found != wanted:
        raise UnsupportedDistributionError(setting, repr(wanted), found)
