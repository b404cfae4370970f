"""Reads in a function's policy whether S3 may invoke it for a bucket."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.deployment import Deployment

_S3 = "s3.amazonaws.com"
_ACTIONS = {"lambda:InvokeFunction", "lambda:*", "*"}


def may_invoke(deployment: Deployment) -> bool | None:
    """Tell whether a statement of the function's policy allows it; None if the policy cannot be read."""
    try:
        answer = deployment.aws.client("lambda").get_policy(FunctionName=deployment.function_name)
    except ClientError as exc:
        # A function that nobody else may invoke has no policy.
        return False if exc.response["Error"]["Code"] == "ResourceNotFoundException" else None
    return allows(json.loads(answer["Policy"]), deployment.bucket)


def allows(policy: Mapping[str, Any], bucket: str) -> bool:
    """Tell whether a policy lets S3 invoke on behalf of this bucket."""
    return any(_allows(statement, f"arn:aws:s3:::{bucket}") for statement in policy.get("Statement", []))


def _allows(statement: Mapping[str, Any], bucket_arn: str) -> bool:
    if statement.get("Effect") != "Allow" or not _ACTIONS & set(_listed(statement.get("Action"))):
        return False
    principal = statement.get("Principal")
    services = principal.get("Service") if isinstance(principal, dict) else principal
    if not {_S3, "*"} & set(_listed(services)):
        return False
    return all(fnmatchcase(bucket_arn, pattern) for pattern in _source_arns(statement))


def _source_arns(statement: Mapping[str, Any]) -> Iterable[str]:
    for test in statement.get("Condition", {}).values():
        for name, value in test.items():
            if name.lower() == "aws:sourcearn":
                yield from _listed(value)


def _listed(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(entry) for entry in value]
    return [value] if isinstance(value, str) else []
