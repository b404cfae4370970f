"""What S3 may send besides one new original."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter

import pytest

from fixtures.pictures import picture
from harness.application import Application
from harness.deployment import Deployment
from harness.observe.log import FunctionLog, read_log
from harness.wait import wait_for
from scenarios.s3_event import FunctionError, invoke, object_created

_FRAME = re.compile(r"(START|END|REPORT) RequestId: (\S+)")


def test_every_record_of_an_event_is_served(application: Application, deployment: Deployment) -> None:
    """Every record of an event is served."""
    uploads = [application.upload(picture("grey.jpg").path(), f"{number}.jpg") for number in range(3)]
    for upload in uploads:
        application.wait_until_ready(upload)

    answer = invoke(deployment, object_created(deployment.bucket, *(upload.key for upload in uploads)))

    bodies = json.loads(answer["body"])
    assert answer["statusCode"] == 200
    assert [body["thumbnail"] for body in bodies] == [upload.thumbnail_key for upload in uploads]


def test_the_answer_names_both_objects_and_their_sizes(
    application: Application, deployment: Deployment
) -> None:
    """The function's answer names both objects and their sizes."""
    upload = application.upload(picture("reference.jpg").path(), "me.jpg")
    thumbnail = application.wait_until_ready(upload)

    answer = invoke(deployment, object_created(deployment.bucket, upload.key))

    assert json.loads(answer["body"]) == {
        "original": upload.key,
        "thumbnail": upload.thumbnail_key,
        "size": "150x150",
        "originalSize": upload.original_bytes,
        "thumbnailSize": len(thumbnail.data),
    }


def test_the_test_event_of_a_new_notification_is_a_success(deployment: Deployment) -> None:
    """The test event that S3 sends for a new notification succeeds."""
    event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": deployment.bucket}

    assert invoke(deployment, event)["statusCode"] == 200


def test_a_record_of_another_bucket_is_skipped(deployment: Deployment) -> None:
    """A record from another bucket is skipped."""
    answer = invoke(deployment, object_created("somebody-elses", f"{deployment.source_prefix}me.jpg"))

    assert answer["statusCode"] == 200
    assert "thumbnail" not in json.loads(answer["body"])


def test_an_original_deleted_before_its_turn_is_no_failure_to_retry(deployment: Deployment) -> None:
    """An original deleted before its turn is not a failure to retry."""
    key = f"{deployment.source_prefix}{uuid.uuid4()}-gone.jpg"

    answer = invoke(deployment, object_created(deployment.bucket, key))

    assert json.loads(answer["body"])["error"]["type"] == "OriginalMissing"


def test_something_else_than_a_notification_is_an_error(deployment: Deployment) -> None:
    """An event that is not an S3 notification is an error."""
    with pytest.raises(FunctionError, match="S3 notification"):
        invoke(deployment, {"hello": "world"})


def test_each_invocation_of_an_upload_has_one_start_one_end_and_one_report_in_the_log(
    application: Application, deployment: Deployment
) -> None:
    """Each invocation of an upload has one START, one END and one REPORT line in the log."""
    uploads = [application.upload(picture("grey.jpg").path(), f"{number}.jpg") for number in range(3)]
    for upload in uploads:
        application.wait_until_ready(upload)

    def logged() -> FunctionLog | None:
        log = read_log(deployment, since_epoch_seconds=uploads[0].started_epoch_seconds)
        return log if log.invocations_ended >= len(uploads) else None

    log = wait_for(logged, f"expected {len(uploads)} REPORT lines in the log", timeout_seconds=20)
    frames = Counter(found.groups() for line in log.lines if (found := _FRAME.match(line.message)))
    # An invocation from before may have ended since: its START is not among these lines.
    ids = {request_id for word, request_id in frames if word == "START"}
    assert len(ids) == len(uploads)
    for request_id in ids:
        assert {word: frames[word, request_id] for word in ("START", "END", "REPORT")} == {
            "START": 1,
            "END": 1,
            "REPORT": 1,
        }
