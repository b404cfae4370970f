"""The embedded target with a small function: what the application sees, and is told when it waits in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.application import NotReadyError
from harness.deployment import Capability
from harness.observe.failures import read_failures
from harness.observe.log import read_log
from harness.observe.outcome import DeployedApplication
from harness.package.function import FunctionFolder
from harness.targets.deploy import DeployFailedError
from harness.targets.embedded.target import embedded_target
from harness.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.deployment import Deployment
    from harness.targets.embedded.target import EmbeddedTarget
    from tests.conftest import FunctionFolders

# Does by its original's name what a real function does by accident; never writes a thumbnail.
_HANDLER = """
import json, time, urllib.parse

def handle(event, context):
    key = urllib.parse.unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    if "raise" in key:
        raise ValueError("cannot reach the bucket")
    if "slow" in key:
        time.sleep(5)
    if "refuse" in key:
        print(json.dumps({"level": "error", "key": key, "type": "NotAnImage", "reason": "it is text"}))
    return {"statusCode": 200}
"""


@pytest.fixture(scope="module")
def target(
    tmp_path_factory: pytest.TempPathFactory, function_folders: FunctionFolders
) -> Iterator[EmbeddedTarget]:
    function = FunctionFolder.load(function_folders.make(_HANDLER))
    with embedded_target(function, cache=tmp_path_factory.mktemp("cache")) as target:
        yield target


@pytest.fixture(scope="module")
def deployment(target: EmbeddedTarget) -> Deployment:
    return target.deploy()


@pytest.fixture
def application(deployment: Deployment) -> DeployedApplication:
    return DeployedApplication(deployment)


def _told_about(application: DeployedApplication, name: str, *, timeout_seconds: float = 0.5) -> str:
    with pytest.raises(NotReadyError) as told:
        application.wait_until_ready(application.upload(b"a photo", name), timeout_seconds=timeout_seconds)
    return str(told.value)


def test_an_upload_gives_both_keys_at_once(application: DeployedApplication, deployment: Deployment) -> None:
    upload = application.upload(b"a photo", "me & you.JPG")

    path = upload.key.removeprefix(deployment.source_prefix)
    assert path.endswith("-me & you.JPG")
    assert upload.thumbnail_key == deployment.destination_prefix + path.removesuffix(".JPG") + ".webp"


def test_the_same_file_name_twice_gives_two_keys(application: DeployedApplication) -> None:
    assert application.upload(b"1", "me.jpg").key != application.upload(b"2", "me.jpg").key


def test_the_original_carries_its_content_type(
    application: DeployedApplication, deployment: Deployment
) -> None:
    upload = application.upload(b"a photo", "me.png")

    stored = deployment.aws.client("s3").head_object(Bucket=deployment.bucket, Key=upload.key)
    assert stored["ContentType"] == "image/png"


def test_waiting_in_vain_for_a_silent_function_shows_that_it_ran(target: EmbeddedTarget) -> None:
    told = _told_about(DeployedApplication(target.deploy()), "silent.jpg", timeout_seconds=3)

    assert "no thumbnail members/profile/resized/thumbnail/" in told
    assert "is in the bucket, 7 bytes" in told
    assert "the bucket's notification covers this key" in told
    assert "the function was started 1 times, and 1 of these are over" in told
    assert "no line of the function's log names this key" in told
    assert "log: REPORT RequestId: " in told


def test_waiting_in_vain_shows_a_function_that_is_not_done(target: EmbeddedTarget) -> None:
    told = _told_about(DeployedApplication(target.deploy()), "slow.jpg", timeout_seconds=3)

    assert "started 1 times, and 0 of these are over" in told


def test_waiting_in_vain_shows_the_function_s_error_line(application: DeployedApplication) -> None:
    told = _told_about(application, "refuse.jpg")

    assert "the function says of it: " in told
    assert '"reason": "it is text"' in told


def test_waiting_in_vain_shows_that_lambda_has_given_up(application: DeployedApplication) -> None:
    told = _told_about(application, "raise.jpg", timeout_seconds=5)

    assert "its event is in the failure queue" in told
    assert "cannot reach the bucket" in told


def test_waiting_in_vain_shows_a_filter_that_does_not_match(application: DeployedApplication) -> None:
    upload = application.put("elsewhere/me.jpg", b"a photo")

    with pytest.raises(NotReadyError, match="no notification of the bucket covers this key") as told:
        application.wait_until_ready(upload, timeout_seconds=0.1)

    assert "'prefix': 'members/profile/originals/'" in str(told.value)


def test_an_event_that_fails_three_times_ends_in_the_failure_queue(
    application: DeployedApplication, deployment: Deployment
) -> None:
    upload = application.upload(b"a photo", "raise.jpg")

    wait_for(_Failed(deployment, upload.key), timeout_seconds=10)

    log = read_log(deployment, since_epoch_seconds=upload.started_epoch_seconds)
    assert sum("ValueError: cannot reach the bucket" in line.message for line in log.lines) == 3


def test_without_cloudfront_the_template_makes_no_distribution(target: EmbeddedTarget) -> None:
    assert target.deploy().distribution_domain is not None
    assert target.deploy(parameters={"WithCloudFront": "false"}).distribution_domain is None


def test_a_parameter_that_the_template_refuses_is_told(target: EmbeddedTarget) -> None:
    with pytest.raises(DeployFailedError, match="Architecture"):
        target.deploy(parameters={"Architecture": "sparc"})


def test_the_embedded_target_lacks_nothing(target: EmbeddedTarget) -> None:
    assert target.capabilities == set(Capability)


class _Failed:
    def __init__(self, deployment: Deployment, key: str) -> None:
        self._deployment = deployment
        self._key = key

    def check(self) -> bool | None:
        failed = {key for failure in read_failures(self._deployment) for key in failure.keys}
        return True if self._key in failed else None

    def describe(self) -> str:
        return f"expected {self._key} in the failure queue"
