"""Policies of resources, as AWS decides by them: here a bucket's, for CloudFront."""

from __future__ import annotations

from typing import Any

import pytest

from harness.policy import Access, allows

_ARN = "arn:aws:cloudfront::123456789012:distribution/E1"
_BUCKET = "arn:aws:s3:::photos"
_GET = Access(
    service="cloudfront.amazonaws.com",
    action="s3:GetObject",
    resource=f"{_BUCKET}/a/b",
    source_arn=_ARN,
    source_account="123456789012",
)


def _statement(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  a policy's parts are of any form
    return {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"{_BUCKET}/*",
        "Condition": {"StringEquals": {"AWS:SourceArn": _ARN}},
    } | changes


def _allowed(*statements: dict[str, Any]) -> bool:
    return allows({"Version": "2012-10-17", "Statement": list(statements)}, _GET)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="the template's"),
        pytest.param({"Principal": "*"}, id="everybody"),
        pytest.param({"Principal": {"Service": ["s3.amazonaws.com", "cloudfront.amazonaws.com"]}}, id="list"),
        pytest.param({"Action": ["s3:Get*"]}, id="actions by wildcard"),
        pytest.param({"Action": "S3:getobject"}, id="actions do not mind the case"),
        pytest.param({"Resource": [f"{_BUCKET}/x", f"{_BUCKET}/a/*"]}, id="one of several resources"),
        pytest.param({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:*:distribution/*"}}}, id="ARN"),
        pytest.param({"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}, id="account"),
        pytest.param({"Condition": {}}, id="no condition"),
    ],
)
def test_a_statement_that_names_the_distribution_lets_it_in(changes: dict[str, Any]) -> None:
    assert _allowed(_statement(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"Principal": {"Service": "s3.amazonaws.com"}}, id="another service"),
        pytest.param({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, id="an account"),
        pytest.param({"Action": "s3:PutObject"}, id="another action"),
        pytest.param({"Resource": f"{_BUCKET}/c/*"}, id="other objects"),
        pytest.param({"Resource": _BUCKET}, id="the bucket itself"),
        pytest.param(
            {"Condition": {"StringEquals": {"AWS:SourceArn": f"{_ARN}2"}}}, id="another distribution"
        ),
        pytest.param({"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}, id="an unknown key"),
        pytest.param({"Condition": {"DateLessThan": {"aws:CurrentTime": "2030"}}}, id="an unknown operator"),
    ],
)
def test_any_other_statement_does_not(changes: dict[str, Any]) -> None:
    assert not _allowed(_statement(**changes))


def test_a_denial_is_stronger() -> None:
    assert not _allowed(_statement(), _statement(Effect="Deny", Condition={}))


def test_a_denial_of_others_does_not_count() -> None:
    denial = _statement(Effect="Deny", Condition={"StringNotEquals": {"AWS:SourceArn": _ARN}})

    assert _allowed(_statement(), denial)


def test_a_denial_with_an_unknown_operator_counts() -> None:
    unknown = {"DateLessThan": {"aws:CurrentTime": "2030"}}

    assert not _allowed(_statement(), _statement(Effect="Deny", Condition=unknown))


def test_a_denial_of_another_service_does_not_count() -> None:
    assert _allowed(_statement(), _statement(Effect="Deny", Principal={"Service": "s3.amazonaws.com"}))


def test_no_policy_lets_nobody_in() -> None:
    assert not allows(None, _GET)
