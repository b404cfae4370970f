"""What the rig decides about a LocalStack from what it has seen."""

from __future__ import annotations

import pytest

from harness.targets.localstack.api import Status, localstack_aws, parse_status
from harness.targets.localstack.canary import judge, judge_settings
from harness.targets.localstack.errors import LimitsNotHeldError

_KILLED = "RequestId: 1 Error: Runtime exited with error: signal: killed"
_LIMIT_BYTES = 536870912


def test_a_canary_that_lives_and_one_that_is_killed_prove_the_limit() -> None:
    judge(lived=None, died=_KILLED)


@pytest.mark.parametrize(
    ("lived", "died", "complaint"),
    [
        pytest.param(_KILLED, _KILLED, "448 MB lives, got .*signal: killed", id="both-die"),
        pytest.param(None, None, "576 MB is killed, got its answer", id="both-live"),
        pytest.param(None, "MemoryError", "576 MB is killed, got MemoryError", id="another-error"),
    ],
)
def test_anything_else_disproves_it(lived: str | None, died: str | None, complaint: str) -> None:
    with pytest.raises(LimitsNotHeldError, match=complaint):
        judge(lived, died)


@pytest.mark.parametrize(
    ("held", "complaint"),
    [
        pytest.param({"Memory": 0, "MemorySwap": 0, "CpuQuota": 5789}, "got 0 and 0", id="no-limit"),
        pytest.param(
            {"Memory": _LIMIT_BYTES, "MemorySwap": 2 * _LIMIT_BYTES, "CpuQuota": 5789},
            "got 536870912 and 1073741824",
            id="as-much-swap-again",
        ),
        pytest.param(
            {"Memory": _LIMIT_BYTES, "MemorySwap": _LIMIT_BYTES, "CpuQuota": 0},
            "start LocalStack with THUMBRIG_CPU=lambda",
            id="no-share",
        ),
    ],
)
def test_docker_s_own_words_decide_too(held: dict[str, int], complaint: str) -> None:
    with pytest.raises(LimitsNotHeldError, match=complaint):
        judge_settings(held, "lambda")


def test_memory_without_swap_and_lambda_s_share_are_accepted() -> None:
    judge_settings({"Memory": _LIMIT_BYTES, "MemorySwap": _LIMIT_BYTES, "CpuQuota": 5789}, "lambda")
    judge_settings({"Memory": _LIMIT_BYTES, "MemorySwap": _LIMIT_BYTES, "CpuQuota": 0}, "unshaped")


@pytest.mark.parametrize(
    ("scripts", "expected"),
    [
        pytest.param(
            '[{"stage": "START", "name": "thumbrig.py", "state": "SUCCESSFUL"}]', "SUCCESSFUL", id="repaired"
        ),
        pytest.param('[{"stage": "START", "name": "thumbrig.py", "state": "ERROR"}]', "ERROR", id="refused"),
        pytest.param("[]", None, id="another-s-localstack"),
    ],
)
def test_a_status_has_the_state_of_the_script(scripts: str, expected: str | None) -> None:
    status = parse_status(f'{{"completed": {{"READY": true}}, "scripts": {scripts}}}'.encode())

    assert status == Status(ready=True, script=expected)
    assert status.repaired == (expected == "SUCCESSFUL")


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        pytest.param(b"<html>", "Expecting value", id="no-json"),
        pytest.param(b'{"services": {}}', r'^\{"services": \{\}\}$', id="another-s-json"),
    ],
)
def test_an_answer_that_is_not_localstack_s_is_refused(answer: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_status(answer)


def test_a_session_goes_to_its_host_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://somewhere.else:1")
    monkeypatch.setenv("LOCALSTACK_HOST", "somewhere.else:1")

    client = localstack_aws("127.0.0.1:4599").client("s3")

    assert client.meta.endpoint_url == "http://127.0.0.1:4599"
