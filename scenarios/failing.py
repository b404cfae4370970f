"""Waits for events that Lambda has given up on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.observe.failures import FailedEvent, read_failures
from harness.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.deployment import Deployment


def wait_until_given_up(
    deployment: Deployment, is_wanted: Callable[[FailedEvent], bool], *, timeout_seconds: float = 60.0
) -> FailedEvent:
    """Wait until the failure queue has the wanted event."""
    return wait_for(
        lambda: next(filter(is_wanted, read_failures(deployment)), None),
        lambda: f"expected the event in the failure queue, there are {read_failures(deployment)}",
        timeout_seconds=timeout_seconds,
    )
