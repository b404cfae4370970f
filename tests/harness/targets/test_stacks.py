from __future__ import annotations

from typing import Any, cast

import pytest

from harness.aws import Aws
from harness.targets.stacks import DeployFailedError, create_stack


class _FailingAws:
    """An account in which every stack rolls back."""

    def client(self, _service: str) -> _FailingAws:
        return self

    def create_stack(self, **_: object) -> None: ...

    def describe_stacks(self, **_: object) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": "ROLLBACK_IN_PROGRESS"}]}

    def describe_stack_events(self, **_: object) -> dict[str, Any]:
        return {
            "StackEvents": [
                {"LogicalResourceId": "Role", "ResourceStatus": "CREATE_COMPLETE"},
                {
                    "LogicalResourceId": "Bucket",
                    "ResourceStatus": "CREATE_FAILED",
                    "ResourceStatusReason": "the name is taken",
                },
            ]
        }


def test_a_stack_that_rolls_back_says_which_resource_failed_and_why() -> None:
    with pytest.raises(DeployFailedError) as failed:
        create_stack(cast("Aws", _FailingAws()), "ours", {})

    assert str(failed.value) == (
        "stack ours: expected CREATE_COMPLETE, got ROLLBACK_IN_PROGRESS: Bucket: the name is taken"
    )
