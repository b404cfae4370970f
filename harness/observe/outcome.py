"""What became of an upload: the application that says why a thumbnail is missing, and the wait for its end.

An upload ends in one of five ways (`Ending`). Whether waiting on would help is a property of the cause
(`Cause.is_final`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from harness.application import Application, Thumbnail, Upload
from harness.cdn.edge import Edge
from harness.deployment import Deployment
from harness.observe.diagnosis import Cause, Diagnosis, Ending, diagnose
from harness.observe.log import read_log, read_reported_log
from harness.observe.timeline import EdgeRequest, Observed
from harness.observe.viewer import Viewer
from harness.wait import Backoff, TimedOutError, wait_for

_BUCKET_BACKOFF: Final = Backoff(first_seconds=0.003, factor=1.1, most_seconds=0.2)
# As often as a naive page would poll.
_EDGE_BACKOFF: Final = Backoff(first_seconds=1.0, factor=1.0, most_seconds=1.0)
# A look at the log takes longer than one at the bucket, and would blur the moment; a diagnosis even more.
_LOG_PAUSE_SECONDS: Final = 0.04
_DIAGNOSIS_PAUSE_SECONDS: Final = 2.0


class DeployedApplication(Application):
    """The application of a pipeline that the rig deployed, which also knows why a thumbnail does not come.

    With an edge it returns the edge's addresses, and invalidates there.
    """

    def __init__(self, deployment: Deployment, *, edge: Edge | None = None) -> None:
        self.deployment = deployment
        pipeline = deployment.pipeline
        if edge is not None:
            pipeline = replace(pipeline, cdn_url=edge.url, distribution_id=edge.distribution_id)
        super().__init__(
            pipeline,
            s3=deployment.aws.client("s3"),
            cloudfront=edge.cloudfront if edge else None,
            explain=lambda upload: _diagnose(deployment, upload).lines,
        )


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The function's error line about an original: it will get no thumbnail."""

    key: str
    error_type: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of an upload: a thumbnail, a refusal, or a diagnosis; none of them if nobody waited for it.

    `missed_seconds` is the last moment at which the bucket had no thumbnail, since the upload began.
    """

    ending: Ending
    thumbnail: Thumbnail | None = None
    refusal: Refusal | None = None
    diagnosis: Diagnosis | None = None
    missed_seconds: float | None = None

    @property
    def is_final(self) -> bool:
        """Whether no wait will change it."""
        return self.diagnosis is None or self.diagnosis.cause.is_final

    @property
    def why_missing(self) -> str | None:
        """Why there is no thumbnail, in one sentence."""
        if self.refusal:
            return f"{Cause.REFUSED.text}: {self.refusal.error_type}: {self.refusal.reason}"
        return self.diagnosis.sentence if self.diagnosis else None


def refusals(deployment: Deployment, upload: Upload) -> list[Refusal]:
    """Read the function's error lines about this upload, one for each attempt."""
    log = read_log(deployment, since_epoch_seconds=upload.started_epoch_seconds)
    return [
        Refusal(key=upload.key, error_type=line["type"], reason=line.get("reason", ""))
        for line in log.naming(upload.key)
        # An error that Lambda will retry names no type.
        if line.get("level") == "error" and "type" in line
    ]


def await_outcome(
    application: DeployedApplication,
    upload: Upload,
    *,
    timeout_seconds: float = 20.0,
    is_seen: Callable[[], bool] | None = None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Outcome:
    """Wait until the bucket has the thumbnail, or until it is known that there will be none.

    With `is_seen`, call that once a second instead of asking the bucket. The wait also ends when `is_wanted`
    returns False.
    """
    waiting = _Waiting(application, upload)

    def look() -> Outcome | None:
        if not is_wanted():
            return Outcome(ending=Ending.GONE)
        found = waiting.in_the_bucket() if is_seen is None else waiting.elsewhere(is_seen)
        return found or waiting.given_up()

    expected = f"expected {upload.thumbnail_key}, or a reason why it does not come"
    backoff = _BUCKET_BACKOFF if is_seen is None else _EDGE_BACKOFF
    try:
        outcome = wait_for(look, expected, timeout_seconds=timeout_seconds, backoff=backoff)
    except TimedOutError:
        outcome = waiting.diagnosed()
    return replace(outcome, missed_seconds=waiting.missed_seconds)


class _Waiting:
    """The looks at one upload: often at the bucket, now and then at the log, seldom at everything."""

    def __init__(self, application: DeployedApplication, upload: Upload) -> None:
        self._application = application
        self._deployment = application.deployment
        self._upload = upload
        began = time.monotonic()
        self._log_due_seconds = began + _LOG_PAUSE_SECONDS
        self._diagnosis_due_seconds = began + _DIAGNOSIS_PAUSE_SECONDS
        self.missed_seconds: float | None = None

    def in_the_bucket(self) -> Outcome | None:
        asked = time.monotonic()
        if thumbnail := self._application.find(self._upload):
            return Outcome(ending=Ending.READY, thumbnail=thumbnail)
        self.missed_seconds = asked - self._upload.started_seconds
        return None

    def elsewhere(self, is_seen: Callable[[], bool]) -> Outcome | None:
        if not is_seen():
            return None
        return Outcome(ending=Ending.READY, thumbnail=self._application.find(self._upload))

    def given_up(self) -> Outcome | None:
        """Return the end if there will be no thumbnail."""
        if time.monotonic() < self._log_due_seconds:
            return None
        found = self._refused()
        if found is None and time.monotonic() >= self._diagnosis_due_seconds:
            found = self.diagnosed()
            self._diagnosis_due_seconds = time.monotonic() + _DIAGNOSIS_PAUSE_SECONDS
        self._log_due_seconds = time.monotonic() + _LOG_PAUSE_SECONDS
        return found if found and found.is_final else None

    def diagnosed(self) -> Outcome:
        """Return how things stand."""
        diagnosis = _diagnose(self._deployment, self._upload)
        refused = self._refused() if diagnosis.cause is Cause.REFUSED else None
        return refused or Outcome(ending=diagnosis.cause.ending, diagnosis=diagnosis)

    def _refused(self) -> Outcome | None:
        found = refusals(self._deployment, self._upload)
        return Outcome(ending=Ending.REFUSED, refusal=found[0]) if found else None


def _diagnose(deployment: Deployment, upload: Upload) -> Diagnosis:
    return diagnose(deployment, upload.key, since_epoch_seconds=upload.started_epoch_seconds)


def watch(application: DeployedApplication, upload: Upload, *, viewer: Viewer) -> Observed:
    """Look at the bucket until the thumbnail is there, then at the edge, then at what the function logged."""
    outcome = await_outcome(application, upload)
    thumbnail = outcome.thumbnail
    return Observed(
        upload=upload,
        thumbnail=thumbnail,
        missed_seconds=outcome.missed_seconds,
        log=read_reported_log(application.deployment, upload, is_expected=thumbnail is not None),
        looks=(_ask_edge(application, upload, thumbnail, viewer),) if thumbnail else (),
        why_missing=outcome.why_missing,
    )


def _ask_edge(application: Application, upload: Upload, thumbnail: Thumbnail, viewer: Viewer) -> EdgeRequest:
    answer = viewer.get(application.thumbnail_url(upload.key))
    return EdgeRequest(
        at_ms=(answer.asked_seconds - upload.started_seconds) * 1000,
        took_ms=(answer.answered_seconds - answer.asked_seconds) * 1000,
        status=answer.status,
        cache=answer.cache,
        correct=answer.status == 200 and answer.body == thumbnail.data,  # noqa: PLR2004  a picture
    )
