"""The embedded target with a small function: what the application sees when it waits, also in vain."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from harness import run_folder
from harness.application import NotReadyError
from harness.deployment import Capability, Deployment
from harness.observe.failures import read_failures
from harness.observe.log import read_log
from harness.observe.outcome import DeployedApplication
from harness.package.function import FunctionFolder
from harness.run_folder import PortTakenError
from harness.targets.embedded.target import (
    EmbeddedTarget,
    EmulatorChangedError,
    embedded_target,
    require_results_understood,
)
from harness.targets.stacks import DeployFailedError
from harness.wait import wait_for
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


def _error_about(application: DeployedApplication, name: str, *, timeout_seconds: float = 0.5) -> str:
    with pytest.raises(NotReadyError) as error:
        application.wait_until_ready(application.upload(b"a photo", name), timeout_seconds=timeout_seconds)
    return str(error.value)


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
    error = _error_about(DeployedApplication(target.deploy()), "silent.jpg", timeout_seconds=3)

    assert "no thumbnail members/profile/resized/thumbnail/" in error
    assert "is in the bucket, 7 bytes" in error
    assert "the bucket's notification covers this key" in error
    assert "the function was started 1 times, and 1 of these are over" in error
    assert "no line of the function's log names this key" in error
    assert "log: REPORT RequestId: " in error


def test_waiting_in_vain_shows_a_function_that_is_not_done(target: EmbeddedTarget) -> None:
    error = _error_about(DeployedApplication(target.deploy()), "slow.jpg", timeout_seconds=3)

    assert "started 1 times, and 0 of these are over" in error


def test_waiting_in_vain_shows_the_function_s_error_line(application: DeployedApplication) -> None:
    error = _error_about(application, "refuse.jpg")

    assert "the function says of it: " in error
    assert '"reason": "it is text"' in error


def test_waiting_in_vain_shows_that_lambda_has_given_up(application: DeployedApplication) -> None:
    error = _error_about(application, "raise.jpg", timeout_seconds=5)

    assert "its event is in the failure queue" in error
    assert "cannot reach the bucket" in error


def test_waiting_in_vain_shows_a_filter_that_does_not_match(application: DeployedApplication) -> None:
    upload = application.put("elsewhere/me.jpg", b"a photo")

    with pytest.raises(NotReadyError, match="no notification of the bucket covers this key") as error:
        application.wait_until_ready(upload, timeout_seconds=0.1)

    assert "'prefix': 'members/profile/originals/'" in str(error.value)


def test_an_event_that_fails_three_times_ends_in_the_failure_queue(
    application: DeployedApplication, deployment: Deployment
) -> None:
    upload = application.upload(b"a photo", "raise.jpg")

    wait_for(
        lambda: upload.key in {key for failure in read_failures(deployment) for key in failure.keys} or None,
        f"expected {upload.key} in the failure queue",
        timeout_seconds=10,
    )

    log = read_log(deployment, since_epoch_seconds=upload.started_epoch_seconds)
    assert sum("ValueError: cannot reach the bucket" in line.message for line in log.lines) == 3


def test_without_cloudfront_the_template_makes_no_distribution(target: EmbeddedTarget) -> None:
    assert target.deploy().distribution_domain is not None
    assert target.deploy(parameters={"WithCloudFront": "false"}).distribution_domain is None


def test_a_parameter_that_the_template_refuses_is_named(target: EmbeddedTarget) -> None:
    with pytest.raises(DeployFailedError, match="Architecture"):
        target.deploy(parameters={"Architecture": "sparc"})


def test_a_port_that_another_s_ministack_takes_first_is_left_to_it(
    target: EmbeddedTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = int(str(target.aws.endpoint_url).rpartition(":")[2])
    ports = iter([taken, taken, run_folder.free_port(None)])
    monkeypatch.setattr(run_folder, "free_port", lambda _: next(ports))

    with embedded_target(target.stacks.function_under_test, cache=tmp_path) as other:
        assert other.aws.endpoint_url != target.aws.endpoint_url


def test_a_port_that_was_asked_for_is_not_exchanged_for_another(
    target: EmbeddedTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = int(str(target.aws.endpoint_url).rpartition(":")[2])
    monkeypatch.setattr(run_folder, "free_port", lambda wanted: wanted)

    with (
        pytest.raises(PortTakenError, match=f"port {taken} is in use: expected a free one"),
        embedded_target(target.stacks.function_under_test, cache=tmp_path, port=taken),
    ):
        pass


def test_a_stack_that_was_deployed_ahead_is_handed_out_once(target: EmbeddedTarget) -> None:
    parameters = {"ThumbnailSize": "96"}
    target.stacks.deploy_ahead(parameters=parameters)
    other = target.deploy(parameters={"ThumbnailSize": "97"})
    first, second = (target.deploy(parameters=parameters) for _ in range(2))

    assert [one.sizes["thumbnail"] for one in (other, first, second)] == [97, 96, 96]
    assert len({one.stack_name for one in (other, first, second)}) == 3


def test_a_stack_that_fails_ahead_is_reported_where_it_is_asked_for(target: EmbeddedTarget) -> None:
    target.stacks.deploy_ahead(parameters={"Architecture": "mips"})

    with pytest.raises(DeployFailedError, match="Architecture"):
        target.deploy(parameters={"Architecture": "mips"})


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param({"FunctionError": "Unhandled"}, r"\('Unhandled', \{'echo': 1\}\)", id="error"),
        pytest.param({"Payload": b'{"body": {"echo": 1}}'}, r"\{'body': \{'echo': 1\}\}", id="payload"),
        pytest.param({"Payload": b"<html>"}, "Expecting value", id="no-json"),
    ],
)
def test_a_ministack_that_reads_results_otherwise_is_refused(change: dict[str, Any], found: str) -> None:
    answer = {"Payload": b'{"echo": 1}', **change}
    answer["Payload"] = io.BytesIO(answer["Payload"])
    aws = MagicMock()
    aws.client().invoke.return_value = answer

    with pytest.raises(EmulatorChangedError, match=f"expected .*, found .*{found}.*; install the version in"):
        require_results_understood(aws)


def test_the_embedded_target_lacks_nothing(target: EmbeddedTarget) -> None:
    assert target.capabilities == set(Capability)
