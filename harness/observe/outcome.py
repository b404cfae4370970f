"""Waits for what becomes of an upload: its thumbnail, or the function's refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.observe.log import read_log
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from harness.application.application import Application, Thumbnail, Upload
    from harness.deployment import Deployment
    from harness.observe.log import FunctionLog
    from harness.wait import Condition

_BACKOFF = Backoff(first_seconds=0.02, most_seconds=0.5)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The function's error line about an original: it will get no thumbnail."""

    key: str
    error_type: str
    reason: str


def settle(
    application: Application, deployment: Deployment, upload: Upload, *, timeout_seconds: float = 20.0
) -> Thumbnail | Refusal:
    """Look at the bucket and at the function's log until one of them tells."""
    condition: Condition[Thumbnail | Refusal] = _Settled(application, deployment, upload)
    try:
        return wait_for(condition, timeout_seconds=timeout_seconds, backoff=_BACKOFF)
    except TimedOutError:
        # The time is up: one last look, which says what happened instead.
        return application.wait_until_ready(upload, timeout_seconds=0)


def wait_until_logged(
    deployment: Deployment, upload: Upload, *, timeout_seconds: float = 10.0
) -> FunctionLog:
    """Wait until the function's log names this original: its line comes after its thumbnail."""
    return wait_for(_Logged(deployment, upload), timeout_seconds=timeout_seconds, backoff=_BACKOFF)


def refusals(deployment: Deployment, upload: Upload) -> list[Refusal]:
    """Read the function's error lines about this upload, one for each attempt."""
    log = read_log(deployment, since_epoch_seconds=upload.started_epoch_seconds)
    return [
        Refusal(key=upload.key, error_type=line["type"], reason=line.get("reason", ""))
        for line in log.naming(upload.key)
        # An error that Lambda will retry names no type.
        if line.get("level") == "error" and "type" in line
    ]


@dataclass(frozen=True)
class _Settled:
    application: Application
    deployment: Deployment
    upload: Upload

    def check(self) -> Thumbnail | Refusal | None:
        if thumbnail := self.application.find(self.upload):
            return thumbnail
        return next(iter(refusals(self.deployment, self.upload)), None)

    def describe(self) -> str:
        return f"expected {self.upload.thumbnail_key} or an error line, there is neither"


@dataclass(frozen=True)
class _Logged:
    deployment: Deployment
    upload: Upload

    def check(self) -> FunctionLog | None:
        log = read_log(self.deployment, since_epoch_seconds=self.upload.started_epoch_seconds)
        return log if log.naming(self.upload.key) else None

    def describe(self) -> str:
        return f"expected a line about {self.upload.key} in {self.deployment.log_group}, there is none"
