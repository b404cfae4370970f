from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote_plus

import pytest
from docker.errors import NotFound

from harness.observe.failures import read_failures
from harness.targets.localstack.api import read_status
from harness.targets.localstack.target import LocalStackTarget
from harness.wait import wait_for
from tests.harness.targets.localstack.conftest import Function

# LocalStack starts in seconds on a machine that does nothing else.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(400)]

_LIMIT_BYTES = 536870912


def _healthy(target: LocalStackTarget) -> bool:
    return read_status(str(target.aws.endpoint_url)).ready


def test_a_container_has_the_function_s_memory_no_swap_and_its_share_of_the_cpu(function: Function) -> None:
    function.invoke()

    (held,) = [container["HostConfig"] for container in function.containers()]
    assert (held["Memory"], held["MemorySwap"]) == (_LIMIT_BYTES, _LIMIT_BYTES)
    assert held["CpuQuota"] / held["CpuPeriod"] == pytest.approx(512 / 1769, rel=0.001)


def test_each_invocation_s_peak_is_its_own(function: Function) -> None:
    for megabytes in (100, 300, 50):
        function.invoke(megabytes=megabytes)

    log = function.log_with(3)
    reports = [line.message for line in log.lines if line.message.startswith("REPORT")]
    first, second, third = [int(report.split("Max Memory Used: ")[1].split()[0]) for report in reports]
    assert 100 < first < 160
    assert 300 < second < 360
    assert 50 < third < 110
    assert [("Init Duration" in report) for report in reports] == [True, False, False]


def test_the_log_says_when_an_invocation_began(function: Function) -> None:
    function.invoke()
    function.invoke(seconds=1)

    *_, start, asleep, end, _ = function.log_with(2).lines
    assert [line.message.split()[0] for line in (start, end)] == ["START", "END"]
    assert end.epoch_ms - start.epoch_ms >= 1000
    assert asleep.message == "going to sleep"
    assert asleep.epoch_ms - start.epoch_ms < 500


def test_out_of_memory_is_an_error_and_localstack_stays_healthy(
    function: Function, target: LocalStackTarget
) -> None:
    error = function.invoke(megabytes=600)
    after = function.invoke(megabytes=1)
    log = function.log_with(2)

    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert "going to hold 600" in [line.message for line in log.lines]
    assert after == {"held": 2**20}
    assert _healthy(target)


def test_out_of_memory_is_retried_and_reaches_the_failure_queue(
    function: Function, target: LocalStackTarget
) -> None:
    function.deployment.aws.client("lambda").invoke(
        FunctionName=function.deployment.function_name,
        InvocationType="Event",
        Payload=json.dumps({"megabytes": 600}),
    )

    wait_for(
        lambda: read_failures(function.deployment) or None, "expected a failed event", timeout_seconds=60
    )
    (failed,) = read_failures(function.deployment)
    assert failed.event == {"megabytes": 600}
    assert failed.error["errorType"] == "Runtime.ExitError"
    assert function.log_with(3).invocations_started == 3
    assert _healthy(target)


def test_a_container_that_dies_ends_its_invocation_and_the_next_gets_another(
    function: Function, target: LocalStackTarget
) -> None:
    function.invoke()
    (before,) = function.containers()
    with ThreadPoolExecutor() as pool:
        started = time.monotonic()
        waiting = pool.submit(function.invoke, seconds=25)
        # The kernel would rather kill the runtime; here it is the whole container.
        wait_for(
            lambda: _sleeping(function, before["Id"]) or None,
            "expected the invocation to have begun",
            timeout_seconds=10,
        )
        function.engine.api.kill(before["Id"])
        error = waiting.result()
        seconds = time.monotonic() - started
    answer = function.invoke()

    (after,) = function.containers()
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert seconds < 15
    assert answer == {"held": 0}
    assert after["Id"] != before["Id"]
    assert _healthy(target)


def _sleeping(function: Function, container_id: str) -> bool:
    try:
        stream, _ = function.engine.api.get_archive(container_id, "/tmp/sleeping")
    except NotFound:
        return False
    return bool(list(stream))


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        pytest.param("my photo.jpg", "my+photo.jpg", id="space"),
        pytest.param("a+b (1).jpg", "a%2Bb+%281%29.jpg", id="plus-and-parentheses"),
        pytest.param("사진.jpg", "%EC%82%AC%EC%A7%84.jpg", id="korean"),
    ],
)
def test_keys_are_encoded_as_aws_does_it(function: Function, name: str, encoded: str) -> None:
    deployment = function.deployment
    key = f"{deployment.source_prefix}{name}"

    deployment.aws.client("s3").put_object(Bucket=deployment.bucket, Key=key, Body=b"1")

    (described,) = _objects(function, 1)
    assert described["key"] == f"{deployment.source_prefix}{encoded}"
    assert unquote_plus(described["key"]) == key


def test_the_sequencer_rises_with_each_put_of_a_key(function: Function) -> None:
    deployment = function.deployment
    for body in (b"1", b"22", b"333"):
        deployment.aws.client("s3").put_object(
            Bucket=deployment.bucket, Key=f"{deployment.source_prefix}me.jpg", Body=body
        )

    described = sorted(_objects(function, 3), key=lambda one: str(one["sequencer"]))
    assert [one["size"] for one in described] == [1, 2, 3]
    assert len({str(one["sequencer"]) for one in described}) == 3


def test_a_filter_is_compared_with_the_key_as_it_is(target: LocalStackTarget, function: Function) -> None:
    deployment = target.deploy(parameters={"SourcePrefix": "an original/"})

    deployment.aws.client("s3").put_object(Bucket=deployment.bucket, Key="an original/me.jpg", Body=b"1")

    (described,) = _objects(type(function)(deployment, function.engine), 1)
    assert described["key"] == "an+original/me.jpg"


def _objects(function: Function, count: int) -> list[dict[str, object]]:
    lines = [line.fields for line in function.log_with(count).lines if "event" in line.fields]
    return [record["s3"]["object"] for line in lines for record in line["event"]["Records"]]
