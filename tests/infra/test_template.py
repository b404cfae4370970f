"""What the template promises, read from the template itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cfnlint.decode import decode

from harness.targets.stacks import TEMPLATE
from resizer.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Mapping

    Resources = Mapping[str, Any]


@pytest.fixture(scope="module")
def template() -> Mapping[str, Any]:
    parsed, problems = decode(str(TEMPLATE))
    assert not problems
    return dict(parsed)


@pytest.fixture(scope="module")
def resources(template: Mapping[str, Any]) -> Resources:
    found: Resources = template["Resources"]
    return found


def test_the_function_has_512_mb_and_30_seconds(template: Mapping[str, Any]) -> None:
    defaults = {name: entry.get("Default") for name, entry in template["Parameters"].items()}

    assert (defaults["MemorySize"], defaults["Timeout"]) == (512, 30)


def test_the_defaults_are_the_contract_s(template: Mapping[str, Any]) -> None:
    defaults = {name: entry.get("Default") for name, entry in template["Parameters"].items()}

    assert defaults["SourcePrefix"] == "members/profile/originals/"
    assert defaults["DestinationPrefix"] == "members/profile/resized/thumbnail/"
    assert (defaults["ThumbnailSize"], defaults["ThumbnailProfile"]) == (150, "reference")
    # Empty is the profile's, whose values tests/resizer/test_settings.py holds.
    assert (defaults["ThumbnailQuality"], defaults["ThumbnailEffort"]) == ("", "")
    assert (defaults["ThumbnailFormat"], defaults["MaxPixels"], defaults["ResizerEngine"]) == (
        "webp",
        100_000_000,
        "auto",
    )


def test_every_profile_can_be_deployed(template: Mapping[str, Any]) -> None:
    assert template["Parameters"]["ThumbnailProfile"]["AllowedValues"] == list(PROFILES)


def test_the_role_may_do_four_things_only(resources: Resources) -> None:
    (policy,) = resources["Role"]["Properties"]["Policies"]
    allowed = {statement["Sid"]: statement["Action"] for statement in policy["PolicyDocument"]["Statement"]}

    assert allowed == {
        "ReadOriginals": "s3:GetObject",
        "WriteThumbnails": "s3:PutObject",
        "WriteItsOwnLog": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "ReportFailures": "sqs:SendMessage",
    }
    assert "ManagedPolicyArns" not in resources["Role"]["Properties"]


def test_the_role_may_write_further_sizes_only_where_there_are_some(resources: Resources) -> None:
    (policy,) = resources["Role"]["Properties"]["Policies"]
    statements = {entry["Sid"]: entry["Resource"] for entry in policy["PolicyDocument"]["Statement"]}
    thumbnails, further = statements["WriteThumbnails"]

    assert thumbnails["Fn::Sub"].endswith("/${DestinationPrefix}*")
    condition, allowed, otherwise = further["Fn::If"]
    assert (condition, otherwise) == ("Sizes", {"Ref": "AWS::NoValue"})
    assert allowed["Fn::Sub"].endswith("/${ResizedPrefix}*")


def test_the_sizes_are_an_output_however_they_are_named(template: Mapping[str, Any]) -> None:
    value = template["Outputs"]["ThumbnailSizes"]["Value"]

    assert value == {
        "Fn::If": ["Sizes", {"Ref": "ThumbnailSizes"}, {"Fn::Sub": "thumbnail=${ThumbnailSize}"}]
    }


def test_failed_events_are_retried_twice_and_then_kept(resources: Resources) -> None:
    invocation = resources["AsynchronousInvocation"]["Properties"]

    assert invocation["MaximumRetryAttempts"] == 2
    assert invocation["DestinationConfig"]["OnFailure"]["Destination"] == {
        "Fn::GetAtt": ["FailureQueue", "Arn"]
    }


def test_the_log_is_kept_for_seven_days(resources: Resources) -> None:
    assert resources["LogGroup"]["Properties"]["RetentionInDays"] == 7


def test_the_edge_caches_by_the_contract_s_rules(resources: Resources) -> None:
    policy = resources["CachePolicy"]["Properties"]["CachePolicyConfig"]
    behaviour = resources["Distribution"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    forwarded = policy["ParametersInCacheKeyAndForwardedToOrigin"]

    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 86_400, 31_536_000)
    assert forwarded["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert forwarded["CookiesConfig"] == {"CookieBehavior": "none"}
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert set(behaviour["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS"}
    assert set(behaviour["CachedMethods"]) == {"GET", "HEAD"}
    assert behaviour["Compress"] is True


def test_all_that_needs_cloudfront_stands_under_its_condition(resources: Resources) -> None:
    conditional = {name for name, resource in resources.items() if resource.get("Condition") == "CloudFront"}

    assert conditional == {"OriginAccessControl", "CachePolicy", "Distribution", "BucketPolicy"}
