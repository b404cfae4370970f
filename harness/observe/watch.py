"""Watches one upload until its thumbnail is at the edge, or until there is a reason why it is not."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.observe.attempts import attempts_at
from harness.observe.diagnosis import Cause, diagnose
from harness.observe.log import read_log
from harness.observe.timeline import Look, Observed
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from harness.application.application import Application, Thumbnail, Upload
    from harness.deployment import Deployment
    from harness.observe.diagnosis import Diagnosis
    from harness.observe.log import FunctionLog
    from harness.observe.viewer import Browser

_BACKOFF = Backoff(first_seconds=0.003, factor=1.05, most_seconds=0.1)
_LOG_BACKOFF = Backoff(first_seconds=0.02, most_seconds=0.5)
# On AWS a log's lines can be read some seconds after they were written.
_LOG_TIMEOUT_SECONDS = 15.0
# Asking why takes longer than a look at the bucket, and would blur the moment.
_LOOKS_BETWEEN_WHY = 20
# Waiting on would not help.
_FINAL = {Cause.NO_ORIGINAL, Cause.FILTER, Cause.REFUSED, Cause.SKIPPED, Cause.NO_PERMISSION, Cause.GIVEN_UP}


def watch(
    application: Application,
    deployment: Deployment,
    upload: Upload,
    *,
    browser: Browser | None,
    timeout_seconds: float = 20.0,
) -> Observed:
    """Look at the bucket until the thumbnail is there, then at the edge, then at what the function logged."""
    arrival = _Arrival(application, deployment, upload)
    thumbnail = None
    # At the time-out, as when it is known that nothing will come, the diagnosis says why.
    with contextlib.suppress(TimedOutError):
        thumbnail = wait_for(arrival, timeout_seconds=timeout_seconds, backoff=_BACKOFF).thumbnail
    looks = (_look(application, upload, thumbnail, browser),) if thumbnail and browser else ()
    return Observed(
        upload=upload,
        thumbnail=thumbnail,
        missed_seconds=arrival.missed_seconds,
        log=read_reported_log(deployment, upload, expected=thumbnail is not None),
        looks=looks,
        edge=application.pipeline.cdn_url if browser else None,
        why_missing=None if thumbnail else arrival.why().sentence,
    )


def _look(application: Application, upload: Upload, thumbnail: Thumbnail, browser: Browser) -> Look:
    answer = browser.get(application.thumbnail_url(upload.key))
    return Look(
        at_ms=(answer.asked_seconds - upload.started_seconds) * 1000,
        took_ms=(answer.answered_seconds - answer.asked_seconds) * 1000,
        status=answer.status,
        cache=answer.cache,
        correct=answer.status == 200 and answer.body == thumbnail.data,  # noqa: PLR2004  a picture
    )


def read_reported_log(deployment: Deployment, upload: Upload, *, expected: bool) -> FunctionLog:
    """Read the log once Lambda has reported on the upload's last attempt; at once if none is expected."""
    try:
        timeout = _LOG_TIMEOUT_SECONDS if expected else 0
        return wait_for(_Reported(deployment, upload), timeout_seconds=timeout, backoff=_LOG_BACKOFF)
    except TimedOutError:
        # A function may log nothing of its own; the timeline says so.
        return read_log(deployment, since_epoch_seconds=upload.started_epoch_seconds)


@dataclass(frozen=True)
class _Arrived:
    thumbnail: Thumbnail | None


class _Arrival:
    """The thumbnail, or that there will be none; notes the last look that found neither."""

    def __init__(self, application: Application, deployment: Deployment, upload: Upload) -> None:
        self._application = application
        self._deployment = deployment
        self._upload = upload
        self._looks = 0
        self.missed_seconds: float | None = None

    def check(self) -> _Arrived | None:
        asked = time.monotonic()
        if thumbnail := self._application.find(self._upload):
            return _Arrived(thumbnail)
        self.missed_seconds = asked - self._upload.started_seconds
        self._looks += 1
        given_up = self._looks % _LOOKS_BETWEEN_WHY == 0 and self.why().cause in _FINAL
        return _Arrived(None) if given_up else None

    def why(self) -> Diagnosis:
        upload = self._upload
        return diagnose(self._deployment, upload.key, since_epoch_seconds=upload.started_epoch_seconds)

    def describe(self) -> str:
        return f"expected {self._upload.thumbnail_key}, it is not there"


@dataclass(frozen=True)
class _Reported:
    deployment: Deployment
    upload: Upload

    def check(self) -> FunctionLog | None:
        log = read_log(self.deployment, since_epoch_seconds=self.upload.started_epoch_seconds)
        found = attempts_at(log, self.upload.key)
        return log if found and found[-1].duration_ms is not None else None

    def describe(self) -> str:
        return f"expected a report about {self.upload.key} in {self.deployment.log_group}, there is none"
