"""Says what has happened to an original whose thumbnail does not appear."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from harness.failure_queue import read_failures
from harness.function_log import read_log

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import LambdaFunctionConfigurationOutputTypeDef

    from harness.deployment import Deployment
    from harness.function_log import FunctionLog

_TAIL_LINES = 6


def diagnose(deployment: Deployment, key: str, *, since_epoch_seconds: float) -> list[str]:
    """Follow the original's way and say at each station what was found there."""
    log = read_log(deployment, since_epoch_seconds=since_epoch_seconds)
    return [
        _original(deployment, key),
        _event(deployment, key),
        _function(log),
        *_errors(log, key),
        *_failures(deployment, key),
        *_tail(log),
    ]


def _original(deployment: Deployment, key: str) -> str:
    try:
        found = deployment.aws.client("s3").head_object(Bucket=deployment.bucket, Key=key)
    except ClientError as exc:
        return f"the original {key} cannot be read back: {exc}"
    return f"the original {key} is in the bucket, {found['ContentLength']:,} bytes"


def _event(deployment: Deployment, key: str) -> str:
    configuration = deployment.aws.client("s3").get_bucket_notification_configuration(
        Bucket=deployment.bucket
    )
    rules = configuration.get("LambdaFunctionConfigurations", [])
    if any(_matches(rule, key) for rule in rules):
        return "the bucket's notification covers this key: its event goes to the function"
    filters = [_filters(rule) for rule in rules]
    return f"no notification of the bucket covers this key, so there is no event; the filters are {filters}"


def _filters(rule: LambdaFunctionConfigurationOutputTypeDef) -> dict[str, str]:
    rules = rule.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    # S3 answers Prefix and Suffix in capitals, whatever was put.
    return {entry["Name"].lower(): entry["Value"] for entry in rules}


def _matches(rule: LambdaFunctionConfigurationOutputTypeDef, key: str) -> bool:
    filters = _filters(rule)
    return key.startswith(filters.get("prefix", "")) and key.endswith(filters.get("suffix", ""))


def _function(log: FunctionLog) -> str:
    if not log.invocations_started:
        return "the function has not been started since the upload"
    return (
        f"since the upload the function was started {log.invocations_started} times, "
        f"and {log.invocations_ended} of these are over"
    )


def _errors(log: FunctionLog, key: str) -> list[str]:
    lines = log.naming(key)
    return [f"the function says of it: {json.dumps(line, ensure_ascii=False)}" for line in lines] or [
        "no line of the function's log names this key"
    ]


def _failures(deployment: Deployment, key: str) -> list[str]:
    return [
        f"Lambda has given up on it, its event is in the failure queue: {json.dumps(failure.error)}"
        for failure in read_failures(deployment)
        if key in failure.keys
    ]


def _tail(log: FunctionLog) -> list[str]:
    return [f"log: {message}" for message in log.tail(_TAIL_LINES)]
