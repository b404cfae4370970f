"""Has MiniStack ask the function's policy before it hands it an event of S3's, as AWS does.

It asks a queue's and a topic's, but not a function's.
"""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id
from ministack.services import lambda_svc, s3

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

_SEAM = "_deliver_event_to_lambda"
_SEAM_PARAMETERS = ["arn", "event_payload", "bucket_region"]


def install() -> None:
    """Put the question before the delivery; refuses a MiniStack that delivers in another way."""
    deliver: Callable[..., None] = getattr(s3, _SEAM, lambda: None)
    found = list(inspect.signature(deliver).parameters)
    if found != _SEAM_PARAMETERS:
        raise SystemExit(
            f"this MiniStack delivers events elsewhere: expected {_SEAM} to take {_SEAM_PARAMETERS}, "
            f"it takes {found}; install the version in constraints.txt"
        )

    def deliver_if_allowed(arn: str, event_payload: dict[str, Any], bucket_region: str) -> None:
        bucket_arn = event_payload["Records"][0]["s3"]["bucket"]["arn"]
        if _may_invoke(arn, bucket_arn, bucket_region):
            deliver(arn, event_payload, bucket_region)
        else:
            _log.warning("the policy of %s does not let %s invoke it", arn, bucket_arn)

    setattr(s3, _SEAM, deliver_if_allowed)


def _may_invoke(function_arn: str, bucket_arn: str, region: str) -> bool:
    # A function that is gone is the delivery's own affair.
    policy, account = lambda_svc.function_policy_for_arn(function_arn) or (None, get_account_id())
    if policy is None:
        return True
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
