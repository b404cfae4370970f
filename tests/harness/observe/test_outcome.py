"""The wait for an upload's outcome, over a bucket and a log that are made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from harness.application import Thumbnail, Upload
from harness.observe import outcome
from harness.observe.diagnosis import Cause, Diagnosis, Ending
from harness.observe.outcome import DeployedApplication, Refusal, await_outcome

_UPLOAD = Upload(
    key="in/me.jpg",
    thumbnail_key="out/me.webp",
    original_bytes=1,
    started_epoch_seconds=0.0,
    started_seconds=0.0,
    accepted_seconds=0.0,
)
_THUMBNAIL = Thumbnail(
    key="out/me.webp",
    data=b"picture",
    content_type="image/webp",
    cache_control="",
    etag='"1"',
    modified_epoch_seconds=0.0,
    visible_seconds=0.1,
)
_REFUSAL = Refusal(key="in/me.jpg", error_type="NotAnImage", reason="it is text")


class _Application:
    """An application whose thumbnail is there from some look on."""

    deployment = None

    def __init__(self, there_at_look: int) -> None:
        self._there_at_look = there_at_look
        self.looks = 0

    def find(self, _: Upload) -> Thumbnail | None:
        self.looks += 1
        return _THUMBNAIL if self.looks >= self._there_at_look else None


@pytest.fixture
def never() -> DeployedApplication:
    """An application whose thumbnail does not come."""
    return _application(there_at_look=1_000_000)


def _application(*, there_at_look: int) -> DeployedApplication:
    return cast("DeployedApplication", _Application(there_at_look))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what the log and a diagnosis say; a diagnosis is made at once."""

    def set_found(*, refusals: tuple[Refusal, ...] = (), cause: Cause = Cause.NOT_STARTED) -> None:
        diagnosis = Diagnosis(cause=cause, detail="", found=())
        monkeypatch.setattr(outcome, "_LOG_PAUSE_SECONDS", 0.0)
        monkeypatch.setattr(outcome, "_DIAGNOSIS_PAUSE_SECONDS", 0.0)
        monkeypatch.setattr(outcome, "refusals", lambda *_: list(refusals))
        monkeypatch.setattr(outcome, "diagnose", lambda *_, **__: diagnosis)

    set_found()
    return set_found


@pytest.mark.usefixtures("found")
def test_a_thumbnail_that_comes_makes_an_upload_ready() -> None:
    ended = await_outcome(_application(there_at_look=3), _UPLOAD)

    assert (ended.ending, ended.thumbnail) == (Ending.READY, _THUMBNAIL)
    assert ended.missed_seconds is not None
    assert ended.why_missing is None


def test_a_refusal_ends_the_wait(never: DeployedApplication, found: Callable[..., None]) -> None:
    found(refusals=(_REFUSAL,))

    ended = await_outcome(never, _UPLOAD)

    assert (ended.ending, ended.refusal) == (Ending.REFUSED, _REFUSAL)
    assert ended.why_missing == (
        "the function refused it for good: a retry would not help: NotAnImage: it is text"
    )


@pytest.mark.parametrize(
    ("cause", "ending"),
    [
        pytest.param(Cause.NO_ORIGINAL, Ending.GONE, id="no-original"),
        pytest.param(Cause.THUMBNAIL_DELETED, Ending.GONE, id="thumbnail-deleted"),
        pytest.param(Cause.FILTER, Ending.FAILED, id="filter"),
        pytest.param(Cause.SKIPPED, Ending.FAILED, id="skipped"),
        pytest.param(Cause.NO_PERMISSION, Ending.FAILED, id="no-permission"),
        pytest.param(Cause.GIVEN_UP, Ending.FAILED, id="given-up"),
    ],
)
def test_a_final_cause_ends_the_wait(
    never: DeployedApplication, found: Callable[..., None], cause: Cause, ending: Ending
) -> None:
    found(cause=cause)

    ended = await_outcome(never, _UPLOAD)

    assert cause.is_final
    assert ended.ending is ending
    assert ended.why_missing == cause.text


@pytest.mark.parametrize("cause", [cause for cause in Cause if not cause.is_final])
def test_any_other_cause_is_waited_out(
    never: DeployedApplication, found: Callable[..., None], cause: Cause
) -> None:
    found(cause=cause)

    ended = await_outcome(never, _UPLOAD, timeout_seconds=0.02)

    assert ended.ending is Ending.TIMED_OUT
    assert ended.why_missing == cause.text


@pytest.mark.usefixtures("found")
def test_nobody_is_kept_waiting_for_what_is_not_wanted_any_more(never: DeployedApplication) -> None:
    wanted = iter([True, True, False])

    ended = await_outcome(never, _UPLOAD, is_wanted=lambda: next(wanted))

    assert ended.ending is Ending.GONE
    assert ended.why_missing is None


@pytest.mark.usefixtures("found")
def test_what_is_seen_elsewhere_need_not_be_looked_for_in_the_bucket() -> None:
    application: Any = _application(there_at_look=1)

    ended = await_outcome(application, _UPLOAD, is_seen=lambda: True)

    assert (ended.ending, ended.thumbnail) == (Ending.READY, _THUMBNAIL)
    assert application.looks == 1
