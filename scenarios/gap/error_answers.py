"""Sets what a distribution answers for a picture that is not there, and for how long it keeps that answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_cloudfront import CloudFrontClient

# A private bucket answers 403, not 404, to who may not list it; an emulator's may answer 404.
_MISSING = (403, 404)


@dataclass(frozen=True, kw_only=True)
class ErrorAnswers:
    """Keep errors for `caching_seconds`; with `page_key` answer 200 and that object instead."""

    caching_seconds: int
    page_key: str | None = None


def set_error_answers(
    cloudfront: CloudFrontClient, distribution_id: str, answers: ErrorAnswers | None
) -> None:
    """Change the distribution; None gives it CloudFront's own defaults back."""
    found = cloudfront.get_distribution_config(Id=distribution_id)
    config: dict[str, Any] = dict(found["DistributionConfig"])
    rules = [_rule(status, answers) for status in _MISSING] if answers else []
    config["CustomErrorResponses"] = {"Quantity": len(rules), "Items": rules} if rules else {"Quantity": 0}
    changed: Any = config
    cloudfront.update_distribution(Id=distribution_id, IfMatch=found["ETag"], DistributionConfig=changed)


def _rule(status: int, answers: ErrorAnswers) -> dict[str, object]:
    rule: dict[str, object] = {"ErrorCode": status, "ErrorCachingMinTTL": answers.caching_seconds}
    if answers.page_key is not None:
        rule |= {"ResponsePagePath": f"/{answers.page_key}", "ResponseCode": "200"}
    return rule
