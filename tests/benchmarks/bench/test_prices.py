from __future__ import annotations

import pytest

from benchmarks.bench.prices import usd_per_million


def test_a_second_of_one_gigabyte_costs_what_lambda_s_price_list_says() -> None:
    assert usd_per_million(1000, memory_mb=1024) == pytest.approx(16.6667 + 0.20)


def test_every_started_millisecond_is_paid() -> None:
    assert usd_per_million(100.1, memory_mb=512) == usd_per_million(101, memory_mb=512)
