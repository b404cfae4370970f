"""The cache's rules, case by case."""

from __future__ import annotations

from itertools import chain

import pytest

from tests.harness.cdn.rules import error_cases, freshness_cases, invalidation_cases, request_cases
from tests.harness.cdn.rules.case import Case

_TABLES = (freshness_cases, error_cases, request_cases, invalidation_cases)
_CASES = list(chain.from_iterable(table.CASES for table in _TABLES))


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_the_edge_does_as_its_source_says(case: Case) -> None:
    assert case.act() == case.expected


def test_every_case_has_a_name_of_its_own_and_a_source() -> None:
    assert len({case.name for case in _CASES}) == len(_CASES)
    assert all(case.source.startswith("https://") for case in _CASES)
