"""Runs MiniStack with its functions executed by the rig's sandbox.

MiniStack administers functions, delivers events, retries and fills the failure queue. Two of its private
functions are replaced. Where it chooses an executor, the event goes to the sandbox at THUMBRIG_SANDBOX_URL:
MiniStack's own executors leave a function all of the machine and write log lines with made-up figures. And
before it hands an event of S3's to a function, it checks the function's policy, as AWS does; by itself it
checks only those of queues and topics.
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from ministack import app
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id
from ministack.services import lambda_svc, s3

_log = logging.getLogger(__name__)

# Beyond the function's own time-out, which the sandbox enforces: for its start, and for its turn in a burst.
_PATIENCE_SECONDS = 300.0


def main() -> None:
    """Put the rig's functions in the place of MiniStack's, then be MiniStack."""
    execute = ["func", "config", "event", "request_id", "started"]
    _replace(lambda_svc, "_execute_function_dispatch", execute, lambda _: _execute_in_sandbox)
    deliver = ["arn", "event_payload", "bucket_region"]
    _replace(s3, "_deliver_event_to_lambda", deliver, _delivery_if_allowed)
    _require_policies_evaluated()
    app.main()


def _replace(
    module: ModuleType,
    name: str,
    parameters: Sequence[str],
    replacement: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> None:
    original: Callable[..., Any] = getattr(module, name, lambda: None)
    found = list(inspect.signature(original).parameters)
    if found != list(parameters):
        raise SystemExit(
            f"this MiniStack cannot be used: expected {module.__name__}.{name} to take {list(parameters)}, "
            f"it takes {found}; install the version in constraints.txt"
        )
    setattr(module, name, replacement(original))


def _execute_in_sandbox(
    _function: object, config: Mapping[str, Any], event: dict[str, Any], request_id: str, _started: float
) -> dict[str, Any]:
    if config["FunctionName"] == os.environ["THUMBRIG_ECHO"]:
        return _failed(event["error"]) if "error" in event else _succeeded(event)
    request = urllib.request.Request(  # noqa: S310  the rig's own URL
        os.environ["THUMBRIG_SANDBOX_URL"],
        data=json.dumps(event, ensure_ascii=False).encode(),
        headers={"X-Function-Name": config["FunctionName"], "X-Request-Id": request_id},
    )
    patience = float(config["Timeout"]) + _PATIENCE_SECONDS
    try:
        with urllib.request.urlopen(request, timeout=patience) as response:  # noqa: S310  as above
            return _succeeded(json.loads(response.read() or b"null"))
    except urllib.error.HTTPError as exc:
        return _failed(json.loads(exc.read()))
    except OSError as exc:
        return _failed({"errorType": "Sandbox.Unreachable", "errorMessage": str(exc)})


# What MiniStack reads of these is checked at each start: `require_results_understood` in target.py.
def _succeeded(payload: object) -> dict[str, Any]:
    return {"body": payload}


def _failed(error: object) -> dict[str, Any]:
    return {"body": error, "error": True, "function_error": "Unhandled"}


def _delivery_if_allowed(deliver: Callable[..., None]) -> Callable[..., None]:
    def deliver_if_allowed(arn: str, event_payload: dict[str, Any], bucket_region: str) -> None:
        bucket_arn = event_payload["Records"][0]["s3"]["bucket"]["arn"]
        # A function that is gone is the delivery's own affair.
        policy, account = lambda_svc.function_policy_for_arn(arn) or (None, get_account_id())
        if policy is None or _allows(policy, arn, bucket_arn, account, bucket_region):
            deliver(arn, event_payload, bucket_region)
        else:
            _log.warning("the policy of %s does not let %s invoke it", arn, bucket_arn)

    return deliver_if_allowed


def _allows(policy: Mapping[str, Any], function_arn: str, bucket_arn: str, account: str, region: str) -> bool:
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region=region,
        service_context={"aws:sourcearn": bucket_arn, "aws:sourceaccount": account},
    )
    decision = evaluate_resource_policy(policy, context, service="s3.amazonaws.com").decision
    return bool(decision == "Allow")


def _require_policies_evaluated() -> None:
    """Refuse a MiniStack that reads a function's policy in another way: it would lose every event."""
    function_arn, account, region = (
        "arn:aws:lambda:us-east-1:000000000000:function:f",
        "000000000000",
        "us-east-1",
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": function_arn,
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::ours"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    found: object
    try:
        found = [
            _allows(policy, function_arn, f"arn:aws:s3:::{name}", account, region)
            for name in ("ours", "other")
        ]
    except (AttributeError, TypeError, ValueError) as exc:
        found = repr(exc)
    if found != [True, False]:
        raise SystemExit(
            "this MiniStack evaluates a function's policy otherwise: expected a bucket that it names to be "
            f"allowed and another to be denied, found {found}; install the version in constraints.txt"
        )


if __name__ == "__main__":
    main()
