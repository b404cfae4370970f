"""A deleted photo is gone, also if the function had it in hand at that moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest

from fixtures.pictures import picture
from harness.application import Application, Deletion, NotReadyError, Upload
from harness.cdn.edge import Edge, edge
from harness.deployment import Deployment
from harness.observe.log import read_log, wait_until_logged
from harness.observe.viewer import Viewer
from harness.targets.base import Target
from harness.wait import Backoff, wait_for
from scenarios.journal import ApplicationOf

_DELETIONS = 16
# Beyond the usual time: the last of them find a thumbnail that is there already.
_SPREAD = 1.3
_HASTY = {"Timeout": "1"}


def test_a_deleted_photo_leaves_neither_original_nor_thumbnail(
    application: Application, deployment: Deployment
) -> None:
    """A deleted photo leaves neither an original nor a thumbnail."""
    upload = application.upload(picture("grey.jpg").path(), "me.jpg")
    application.wait_until_ready(upload)

    deletion = application.delete(upload.key)

    assert deletion.key == upload.key
    assert deletion.thumbnail_keys == (upload.thumbnail_key,)
    assert not _left(deployment, upload)


def test_deleting_twice_does_no_harm(application: Application, deployment: Deployment) -> None:
    """Deleting a photo twice does no harm."""
    upload = application.upload(picture("grey.jpg").path(), "me.jpg")
    application.wait_until_ready(upload)

    application.delete(upload.key)
    application.delete(upload.key)

    assert not _left(deployment, upload)


def test_a_photo_put_again_at_the_key_of_a_deleted_one_keeps_its_thumbnail(application: Application) -> None:
    """A new photo at the key of a deleted one keeps its thumbnail."""
    upload = application.upload(picture("grey.jpg").path(), "me.jpg")
    application.wait_until_ready(upload)
    deletion = application.delete(upload.key)

    again = application.put(upload.key, picture("photo-smooth.jpg").path())
    application.wait_until_ready(again)

    assert application.sweep(deletion).late_keys == ()
    assert application.find(again)


@pytest.fixture(scope="module")
def hasty(target: Target) -> Deployment:
    """A pipeline whose function has little time, so that a deletion is settled soon."""
    return target.deploy(parameters=_HASTY)


@pytest.fixture(scope="module")
def hasty_edge(hasty: Deployment) -> Iterator[Edge]:
    """An edge in front of its bucket."""
    with edge(hasty) as running:
        yield running


@pytest.mark.deploys(parameters=_HASTY)
def test_photos_deleted_while_they_are_resized_leave_no_thumbnail_behind(
    hasty: Deployment, hasty_edge: Edge, application_of: ApplicationOf
) -> None:
    """Photos deleted while they are being resized leave no thumbnail behind."""
    application = application_of(hasty, edge=hasty_edge)
    photo = picture("reference.jpg").data()
    usual_seconds = _usual_seconds(application, photo)

    uploads, deletions = [], []
    for number in range(_DELETIONS):
        upload = application.upload(photo, "me.jpg")
        _wait_until(upload.started_seconds + usual_seconds * _SPREAD * number / _DELETIONS)
        uploads.append(upload)
        deletions.append(application.delete(upload.key))
        # One after the other: a busy function gets company, which starts too late to be met at work.
        _wait_until_over(hasty, upload)
    # The worst that can happen: somebody looks before the deletions are settled, and the CDN keeps it.
    seen = _statuses(application, hasty_edge, uploads)
    late = _settle(application, deletions)

    assert late, "no deletion met the function at work: nothing was shown"
    assert 0 < seen.count(200) <= len(late)
    assert [left for upload in uploads for left in _left(hasty, upload)] == []
    assert set(_statuses(application, hasty_edge, uploads)) == {403}


def test_a_photo_deleted_before_its_turn_is_refused_as_missing(
    application: Application, deployment: Deployment
) -> None:
    """A photo deleted before its turn is refused as missing."""
    # The function is busy with others, and finds this one gone.
    others = [application.upload(picture("reference.jpg").path(), "other.jpg") for _ in range(6)]
    upload = application.upload(picture("reference.jpg").path(), "me.jpg")
    application.delete(upload.key)

    (line,) = wait_until_logged(deployment, upload).naming(upload.key)
    for other in others:
        application.wait_until_ready(other)

    assert line["type"] == "OriginalMissing"
    with pytest.raises(NotReadyError, match="cannot be read back"):
        application.wait_until_ready(upload, timeout_seconds=0)


def _usual_seconds(application: Application, photo: bytes) -> float:
    uploads = [application.upload(photo, "usual.jpg")]
    application.wait_until_ready(uploads[0])
    return median(
        application.wait_until_ready(application.upload(photo, "usual.jpg")).visible_seconds for _ in range(5)
    )


def _settle(application: Application, deletions: list[Deletion]) -> list[str]:
    with ThreadPoolExecutor(max_workers=len(deletions)) as jobs:
        settled = jobs.map(application.wait_until_settled, deletions)
        return [key for sweeps in settled for sweep in sweeps for key in sweep.late_keys]


def _statuses(application: Application, edge: Edge, uploads: list[Upload]) -> list[int]:
    with Viewer(edge) as viewer:
        return [viewer.get(application.thumbnail_url(upload.key)).status for upload in uploads]


def _left(deployment: Deployment, upload: Upload) -> list[str]:
    s3 = deployment.aws.client("s3")
    return [
        entry["Key"]
        for key in (upload.key, upload.thumbnail_key)
        for entry in s3.list_objects_v2(Bucket=deployment.bucket, Prefix=key).get("Contents", [])
    ]


def _wait_until(moment_seconds: float) -> None:
    wait_for(
        lambda: time.monotonic() >= moment_seconds or None,
        "expected time to pass",
        timeout_seconds=5,
        backoff=Backoff(first_seconds=0.001, factor=1.0),
    )


def _wait_until_over(deployment: Deployment, upload: Upload) -> None:
    def over() -> bool | None:
        log = read_log(deployment, since_epoch_seconds=upload.started_epoch_seconds)
        # More may have ended: a function that fails for want of an original is tried again meanwhile.
        return 0 < log.invocations_started <= log.invocations_ended or None

    expected = f"expected the invocations since the upload of {upload.key} to be over"
    wait_for(over, expected, timeout_seconds=10)
