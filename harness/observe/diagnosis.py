"""Says why an original's thumbnail does not appear: what was found on its way, and which of it is why."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from harness.observe.attempts import attempts
from harness.observe.failures import read_failures
from harness.observe.invoke_permission import may_invoke
from harness.observe.log import read_log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_s3.type_defs import LambdaFunctionConfigurationOutputTypeDef

    from harness.deployment import Deployment
    from harness.observe.log import FunctionLog

_TAIL_LINES = 6

# In the words of obstore, boto3 and the SDKs of other languages.
_DENIED = re.compile(r"access ?denied|permission ?denied", re.IGNORECASE)


class Cause(Enum):
    """Why there is no thumbnail yet, as far as can be told."""

    NO_ORIGINAL = "the original is not in the bucket: it was deleted, or never put"
    FILTER = "the bucket's notification does not cover this key: its filter did not match"
    REFUSED = "the function refused it for good: a retry would not help"
    SKIPPED = "the function skipped it"
    NO_PERMISSION = "a permission is missing"
    GIVEN_UP = "Lambda has given up on it: its event is in the failure queue"
    RETRYING = "the function failed, and Lambda tries again"
    RUNNING = "an invocation is still running"
    NOT_STARTED = "the function has not been started: the event is on its way, or lost"
    SILENT = "the function ran, and said nothing of it"


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


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The cause, and all that was found, in the order of the original's way."""

    cause: Cause
    detail: str
    found: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The cause and its detail in one line."""
        return f"{self.cause.value}: {self.detail}" if self.detail else self.cause.value

    @property
    def lines(self) -> list[str]:
        """The cause first, then what was found."""
        return [f"why: {self.sentence}", *self.found]


def diagnose(deployment: Deployment, key: str, *, since_epoch_seconds: float) -> Diagnosis:
    """Follow the original's way, and say what stopped it."""
    evidence = gather(deployment, key, since_epoch_seconds=since_epoch_seconds)
    cause, detail = decide(evidence)
    return Diagnosis(cause=cause, detail=detail, found=tuple(_told(evidence, key)))


def gather(deployment: Deployment, key: str, *, since_epoch_seconds: float) -> Evidence:
    """Look at each station; nothing is decided here."""
    log = read_log(deployment, since_epoch_seconds=since_epoch_seconds)
    rules = _rules(deployment)
    size, error = _original(deployment, key)
    return Evidence(
        original_bytes=size,
        original_error=error,
        filters=tuple(_filters(rule) for rule in rules),
        covered=any(_matches(_filters(rule), key) for rule in rules),
        may_invoke=may_invoke(deployment),
        log=log,
        lines=tuple(log.naming(key)),
        failures=tuple(failure.error for failure in read_failures(deployment) if key in failure.keys),
    )


def decide(evidence: Evidence) -> tuple[Cause, str]:
    """Name the cause, and what is known of it: the first station that stopped the original."""
    if evidence.original_bytes is None:
        return Cause.NO_ORIGINAL, ""
    if not evidence.covered:
        return Cause.FILTER, f"its filters are {[dict(entry) for entry in evidence.filters]}"
    return _said(evidence.lines) or _failed(evidence) or _unheard(evidence)


def _said(lines: Sequence[Mapping[str, Any]]) -> tuple[Cause, str] | None:
    for line in lines:
        # An error that Lambda will retry names no type.
        if line.get("level") == "error" and "type" in line:
            return Cause.REFUSED, f"{line['type']}: {line.get('reason', '')}"
        if line.get("message") == "skipped":
            return Cause.SKIPPED, str(line.get("reason", ""))
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


def _told(evidence: Evidence, key: str) -> list[str]:
    log = evidence.log
    return [
        _original_told(evidence, key),
        _event_told(evidence),
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


def _original_told(evidence: Evidence, key: str) -> str:
    if evidence.original_bytes is None:
        return f"the original {key} cannot be read back: {evidence.original_error}"
    return f"the original {key} is in the bucket, {evidence.original_bytes:,} bytes"


def _event_told(evidence: Evidence) -> str:
    if evidence.covered:
        return "the bucket's notification covers this key: its event goes to the function"
    filters = [dict(entry) for entry in evidence.filters]
    return f"no notification of the bucket covers this key, so there is no event; the filters are {filters}"


def _original(deployment: Deployment, key: str) -> tuple[int | None, str]:
    try:
        found = deployment.aws.client("s3").head_object(Bucket=deployment.bucket, Key=key)
    except ClientError as exc:
        return None, str(exc)
    return found["ContentLength"], ""


def _rules(deployment: Deployment) -> list[LambdaFunctionConfigurationOutputTypeDef]:
    s3 = deployment.aws.client("s3")
    configuration = s3.get_bucket_notification_configuration(Bucket=deployment.bucket)
    return configuration.get("LambdaFunctionConfigurations", [])


def _filters(rule: LambdaFunctionConfigurationOutputTypeDef) -> dict[str, str]:
    rules = rule.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    # S3 answers Prefix and Suffix in capitals, whatever was put.
    return {entry["Name"].lower(): entry["Value"] for entry in rules}


def _matches(filters: Mapping[str, str], key: str) -> bool:
    return key.startswith(filters.get("prefix", "")) and key.endswith(filters.get("suffix", ""))
