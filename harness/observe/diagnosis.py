"""Says why an original's thumbnail does not appear: what was found on its way, and what stopped it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from harness.observe.failures import read_failures
from harness.observe.log import attempts, read_log
from harness.policy import Access, allows

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import LambdaFunctionConfigurationOutputTypeDef

    from harness.deployment import Deployment
    from harness.observe.log import FunctionLog

_TAIL_LINES = 6

# In the words of obstore, boto3 and the SDKs of other languages.
_DENIED = re.compile(r"access ?denied|permission ?denied", re.IGNORECASE)


class Ending(Enum):
    """How an upload ends."""

    READY = "its thumbnail can be seen"
    REFUSED = "the function refused it"
    FAILED = "it failed for good"
    GONE = "its original or its thumbnail was deleted, or nobody waits for it any more"
    TIMED_OUT = "a longer wait might help"


class Cause(Enum):
    """Why there is no thumbnail, as far as it can be known, and how the upload ends for this cause."""

    NO_ORIGINAL = "the original is not in the bucket: it was deleted, or never put", Ending.GONE
    FILTER = "the bucket's notification does not cover this key: its filter did not match", Ending.FAILED
    REFUSED = "the function refused it for good: a retry would not help", Ending.REFUSED
    SKIPPED = "the function skipped it", Ending.FAILED
    NO_PERMISSION = "a permission is missing", Ending.FAILED
    GIVEN_UP = "Lambda has given up on it: its event is in the failure queue", Ending.FAILED
    THUMBNAIL_DELETED = "the function stored the thumbnail, and it has been deleted since", Ending.GONE
    STORED = "the thumbnail is in the bucket", Ending.TIMED_OUT
    RETRYING = "the function failed, and Lambda tries again", Ending.TIMED_OUT
    RUNNING = "an invocation is still running", Ending.TIMED_OUT
    NOT_STARTED = "the function has not been started: the event is on its way, or lost", Ending.TIMED_OUT
    SILENT = "the function ran, and logged nothing about it", Ending.TIMED_OUT

    def __init__(self, text: str, ending: Ending) -> None:
        self.text = text
        self.ending = ending

    @property
    def is_final(self) -> bool:
        """Whether no wait will change it."""
        return self.ending is not Ending.TIMED_OUT


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was found at each station; `may_invoke` is None where the policy cannot be read."""

    original_bytes: int | None
    original_error: str
    filters: tuple[Mapping[str, str], ...]
    covered: bool
    may_invoke: bool | None
    log: FunctionLog
    lines: tuple[Mapping[str, Any], ...]
    failures: tuple[Mapping[str, Any], ...]
    has_thumbnail: bool = False


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The cause, and all that was found, in the order of the original's way."""

    cause: Cause
    detail: str
    found: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The cause and its detail in one line."""
        return f"{self.cause.text}: {self.detail}" if self.detail else self.cause.text

    @property
    def lines(self) -> list[str]:
        """The cause first, then what was found."""
        return [f"why: {self.sentence}", *self.found]


def diagnose(deployment: Deployment, key: str, *, since_epoch_seconds: float) -> Diagnosis:
    """Follow the original's way, and say what stopped it."""
    evidence = gather(deployment, key, since_epoch_seconds=since_epoch_seconds)
    cause, detail = decide(evidence)
    return Diagnosis(cause=cause, detail=detail, found=tuple(_findings(evidence, key)))


def gather(deployment: Deployment, key: str, *, since_epoch_seconds: float) -> Evidence:
    """Look at each station; nothing is decided here."""
    log = read_log(deployment, since_epoch_seconds=since_epoch_seconds)
    rules = _rules(deployment)
    covering = [rule for rule in rules if _matches(_filters(rule), key)]
    size, error = _size(deployment, key)
    return Evidence(
        original_bytes=size,
        original_error=error,
        filters=tuple(_filters(rule) for rule in rules),
        covered=bool(covering),
        may_invoke=_may_invoke(deployment, covering[0]["LambdaFunctionArn"]) if covering else None,
        log=log,
        lines=tuple(log.naming(key)),
        failures=tuple(failure.error for failure in read_failures(deployment) if key in failure.keys),
        # After the log: a thumbnail that it says is stored, and that is missing now, was deleted.
        has_thumbnail=_size(deployment, deployment.pipeline.thumbnail_key(key))[0] is not None,
    )


def decide(evidence: Evidence) -> tuple[Cause, str]:
    """Name the cause, and what is known of it: the first station that stopped the original."""
    if evidence.original_bytes is None:
        return Cause.NO_ORIGINAL, ""
    if not evidence.covered:
        return Cause.FILTER, f"its filters are {[dict(entry) for entry in evidence.filters]}"
    return _logged(evidence) or _failed(evidence) or _unheard(evidence)


def _logged(evidence: Evidence) -> tuple[Cause, str] | None:
    for line in evidence.lines:
        # An error that Lambda will retry names no type.
        if line.get("level") == "error" and "type" in line:
            return Cause.REFUSED, f"{line['type']}: {line.get('reason', '')}"
        if line.get("message") == "skipped":
            return Cause.SKIPPED, str(line.get("reason", ""))
        if "thumbnail" in line:
            return (Cause.STORED if evidence.has_thumbnail else Cause.THUMBNAIL_DELETED), ""
    return None


def _failed(evidence: Evidence) -> tuple[Cause, str] | None:
    errors = [str(line.get("reason", "")) for line in evidence.lines if line.get("level") == "error"]
    # A function that could not start, or was stopped, names no original.
    errors = errors or [error for attempt in attempts(evidence.log) if (error := attempt.unnamed_error)]
    given_up = [f"{error.get('errorType')}: {error.get('errorMessage')}" for error in evidence.failures]
    denied = next((text for text in (*errors, *given_up) if _DENIED.search(text)), None)
    if denied is not None:
        return Cause.NO_PERMISSION, f"the function's role is denied what it needs: {denied}"
    if given_up:
        return Cause.GIVEN_UP, given_up[-1]
    if errors:
        return Cause.RETRYING, f"{len(errors)} failed so far, the last: {errors[-1]}"
    return None


def _unheard(evidence: Evidence) -> tuple[Cause, str]:
    started, ended = evidence.log.invocations_started, evidence.log.invocations_ended
    if not started and evidence.may_invoke is False:
        return Cause.NO_PERMISSION, "the function's policy does not let S3 invoke it for this bucket"
    if not started:
        return Cause.NOT_STARTED, ""
    if started > ended:
        return Cause.RUNNING, ""
    return Cause.SILENT, ""


def _findings(evidence: Evidence, key: str) -> list[str]:
    log = evidence.log
    return [
        f"the original {key} cannot be read back: {evidence.original_error}"
        if evidence.original_bytes is None
        else f"the original {key} is in the bucket, {evidence.original_bytes:,} bytes",
        "the bucket's notification covers this key: its event goes to the function"
        if evidence.covered
        else "no notification of the bucket covers this key, so there is no event; "
        f"the filters are {[dict(entry) for entry in evidence.filters]}",
        *(["the function's policy does not let S3 invoke it"] if evidence.may_invoke is False else []),
        "the function has not been started since the upload"
        if not log.invocations_started
        else f"since the upload the function was started {log.invocations_started} times, "
        f"and {log.invocations_ended} of these are over",
        *(
            [f"the function says of it: {json.dumps(line, ensure_ascii=False)}" for line in evidence.lines]
            or ["no line of the function's log names this key"]
        ),
        *(
            f"Lambda has given up on it, its event is in the failure queue: {json.dumps(error)}"
            for error in evidence.failures
        ),
        *(f"log: {message}" for message in log.tail(_TAIL_LINES)),
    ]


def _size(deployment: Deployment, key: str) -> tuple[int | None, str]:
    try:
        found = deployment.aws.client("s3").head_object(Bucket=deployment.bucket, Key=key)
    except ClientError as exc:
        return None, str(exc)
    return found["ContentLength"], ""


def _may_invoke(deployment: Deployment, function_arn: str) -> bool | None:
    try:
        answer = deployment.aws.client("lambda").get_policy(FunctionName=deployment.function_name)
    except ClientError as exc:
        # A function that nobody else may invoke has no policy.
        return False if exc.response["Error"]["Code"] == "ResourceNotFoundException" else None
    return lets_s3_invoke(json.loads(answer["Policy"]), function_arn, deployment.bucket)


def lets_s3_invoke(policy: Mapping[str, Any], function_arn: str, bucket: str) -> bool:
    """Return whether a function's policy lets S3 invoke it for events of this bucket."""
    return allows(
        policy,
        Access(
            service="s3.amazonaws.com",
            action="lambda:InvokeFunction",
            resource=function_arn,
            source_arn=f"arn:aws:s3:::{bucket}",
            # A bucket notifies functions of its own account only.
            source_account=function_arn.split(":")[4],
        ),
    )


def _rules(deployment: Deployment) -> list[LambdaFunctionConfigurationOutputTypeDef]:
    s3 = deployment.aws.client("s3")
    configuration = s3.get_bucket_notification_configuration(Bucket=deployment.bucket)
    return configuration.get("LambdaFunctionConfigurations", [])


def _filters(rule: LambdaFunctionConfigurationOutputTypeDef) -> dict[str, str]:
    rules = rule.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    # S3 returns Prefix and Suffix in capitals, whatever was put.
    return {entry["Name"].lower(): entry["Value"] for entry in rules}


def _matches(filters: Mapping[str, str], key: str) -> bool:
    return key.startswith(filters.get("prefix", "")) and key.endswith(filters.get("suffix", ""))
