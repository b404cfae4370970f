from __future__ import annotations

import pytest

from harness.sandbox import texts
from harness.sandbox.invocation import Invocation, InvocationStatus


def _invocation(*, peak_bytes: int, init_seconds: float | None = None) -> Invocation:
    return Invocation(
        request_id="1",
        status=InvocationStatus.SUCCESS,
        payload=b"",
        duration_seconds=0.0371,
        cpu_seconds=0.03,
        peak_memory_bytes=peak_bytes,
        oom_killed=False,
        limiter="cgroup-v1",
        init_seconds=init_seconds,
    )


@pytest.mark.parametrize(
    ("peak_bytes", "shown"),
    [
        pytest.param(64 * 2**20, "64 MB", id="whole"),
        pytest.param(64 * 2**20 + 1, "65 MB", id="part"),
        pytest.param(512 * 2**20, "512 MB", id="limit"),
    ],
)
def test_the_report_shows_the_peak_in_aws_s_form(peak_bytes: int, shown: str) -> None:
    report = texts.report_line(_invocation(peak_bytes=peak_bytes), memory_mb=512)

    assert report == (
        "REPORT RequestId: 1\tDuration: 37.10 ms\tBilled Duration: 38 ms\t"
        f"Memory Size: 512 MB\tMax Memory Used: {shown}"
    )


def test_the_initialisation_is_reported_and_billed() -> None:
    report = texts.report_line(_invocation(peak_bytes=2**20, init_seconds=0.1), memory_mb=512)

    assert "\tBilled Duration: 138 ms\t" in report
    assert report.endswith("\tMax Memory Used: 1 MB\tInit Duration: 100.00 ms")
