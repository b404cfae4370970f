from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.bench import results
from harness.files import UnreadableFileError


def _results() -> results.Results:
    return results.Results(
        environment=results.BenchedOn(
            date="2026-01-02",
            machine="a machine",
            cores=2,
            versions={"python": "3.11.7"},
            memory_mb=512,
            cpu="lambda",
            limiter="cgroup-v2",
            limiter_description="killed by the kernel",
            limiter_is_hard=True,
        ),
        contenders=[
            results.Contender(
                name="auto", runtime="python3.13", package_zip_bytes=1, package_unzipped_bytes=2
            )
        ],
        pictures=[
            results.MeasuredPicture(
                name="me.jpg",
                trait="a photo",
                width=4,
                height=3,
                bytes_in=5,
                original="originals/me.jpg",
                measurements=[
                    results.Measurement(contender="auto", outcome="success", duration_ms=[1.0, 3.0, 2.0])
                ],
            )
        ],
        sweep=[
            results.SweepPoint(
                contender="auto", memory_mb=128, outcome="success", p50_ms=1, p95_ms=2, usd_per_million=3
            )
        ],
        smallest_memory=[results.SmallestMemory(contender="auto", memory_mb=64, needs="me.jpg")],
    )


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "results.json"

    results.write(_results(), path)

    assert results.read(path) == _results()


def test_results_of_another_format_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"format": "thumbrig-bench/0"}))

    with pytest.raises(UnreadableFileError, match="got format 'thumbrig-bench/0'"):
        results.read(path)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("not json")

    with pytest.raises(UnreadableFileError, match="expected results of format thumbrig-bench/1"):
        results.read(path)


def test_the_percentiles_are_of_the_invocations() -> None:
    measured = results.Measurement(
        contender="auto", outcome="success", duration_ms=[float(n) for n in range(1, 101)]
    )

    assert measured.p50_ms == 50.5
    assert measured.p95_ms == pytest.approx(95.05)


def test_what_failed_has_no_percentiles() -> None:
    failed = results.Measurement(contender="auto", outcome="out of memory")

    assert (failed.p50_ms, failed.p95_ms, failed.median_peak_bytes) == (None, None, None)
