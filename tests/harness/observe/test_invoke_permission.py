from __future__ import annotations

from typing import Any

import pytest

from harness.observe.invoke_permission import allows

_ALLOWED: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
    "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"}},
}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="as-the-template-has-it"),
        pytest.param({"Condition": {}}, id="any-bucket"),
        pytest.param({"Condition": {"ArnLike": {"aws:SourceArn": ["arn:aws:s3:::ph*"]}}}, id="pattern"),
        pytest.param({"Principal": "*", "Action": ["lambda:*"]}, id="everybody"),
    ],
)
def test_a_policy_lets_s3_invoke(change: dict[str, Any]) -> None:
    assert allows({"Statement": [_ALLOWED | change]}, "photos")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Effect": "Deny"}, id="denied"),
        pytest.param({"Principal": {"Service": "sns.amazonaws.com"}}, id="another-service"),
        pytest.param({"Principal": {"AWS": "arn:aws:iam::1:root"}}, id="an-account"),
        pytest.param({"Action": "lambda:GetFunction"}, id="another-action"),
        pytest.param(
            {"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::other"}}}, id="another-bucket"
        ),
    ],
)
def test_a_policy_does_not_let_s3_invoke(change: dict[str, Any]) -> None:
    assert not allows({"Statement": [_ALLOWED | change]}, "photos")


def test_a_policy_without_statements_lets_nobody_invoke() -> None:
    assert not allows({}, "photos")
