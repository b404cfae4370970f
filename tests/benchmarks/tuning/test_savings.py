from __future__ import annotations

import pytest

from benchmarks.bench import prices
from benchmarks.tuning.savings import Traffic, savings
from tests.benchmarks.tuning.builders import outcome

_TODAY = outcome(85, 5000, 60.0)


def test_savings_are_delivery_for_views_and_computing_for_uploads() -> None:
    saved = savings(_TODAY, outcome(75, 4000, 60.0, cpu=0.5), Traffic(views=1 << 30, uploads=1_000_000))

    assert (saved.bytes_per_thumbnail, saved.percent) == (1000, 20)
    assert saved.delivery_usd_a_month == pytest.approx(1000 * 0.085)
    # Half of 10 ms of CPU, at 512 of 1,769 MB, is 17.28 ms on the clock.
    assert saved.lambda_usd_a_month == pytest.approx(1e6 * 0.017275 * 0.5 * 0.0000166667, rel=1e-3)
    assert saved.usd_a_month == saved.delivery_usd_a_month + saved.lambda_usd_a_month


def test_more_bytes_and_more_cpu_are_savings_below_zero() -> None:
    saved = savings(_TODAY, outcome(95, 6000, 70.0, cpu=2.0), Traffic(views=1000, uploads=1000))

    assert saved.percent == -20
    assert saved.delivery_usd_a_month < 0
    assert saved.lambda_usd_a_month < 0


def test_a_gigabyte_delivered_costs_what_cloudfront_s_price_list_says() -> None:
    assert prices.usd_of_delivery(1, size_bytes=1 << 30) == pytest.approx(0.085)
