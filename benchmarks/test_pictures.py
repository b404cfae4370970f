"""One benchmark for each picture: pytest-benchmark runs its rounds, each round is all contenders in turn."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from benchmarks.bench import results
from benchmarks.bench.measure import Rounds, Series, describe
from benchmarks.bench.plan import REFERENCE, Plan, Subject
from benchmarks.bench.stage import Company

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_benchmark.fixture import BenchmarkFixture

_FEWEST_ROUNDS = 3
# The picture that ratios are quoted for.
_REFERENCE_ROUNDS = 15
_MOST_ROUNDS = 25


def _plan(config: pytest.Config) -> Plan:
    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, Plan):
            return plugin
    raise pytest.UsageError("benchmarks need a stage: run `nox -s bench`")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    subjects = _plan(metafunc.config).subjects
    metafunc.parametrize("subject", subjects, ids=[subject.name for subject in subjects])


@pytest.fixture(scope="module")
def plan(pytestconfig: pytest.Config) -> Plan:
    return _plan(pytestconfig)


@pytest.fixture(scope="module")
def company(plan: Plan) -> Iterator[Company]:
    with Company(plan.stage) as company:
        yield company


def test_picture(benchmark: BenchmarkFixture, plan: Plan, company: Company, subject: Subject) -> None:
    data = subject.path.read_bytes()
    rounds = Rounds(plan.stage, company, subject.name, data)
    rounds.warm_up()
    started = time.monotonic()
    rounds.once()
    took = time.monotonic() - started

    fewest = _REFERENCE_ROUNDS if subject.name == REFERENCE else _FEWEST_ROUNDS
    number = max(fewest, min(_MOST_ROUNDS, int(plan.seconds_per_picture / took)))
    benchmark.pedantic(rounds.once, rounds=number, iterations=1)  # type: ignore[no-untyped-call]

    measurements = [_measurement(plan, subject, data, series) for series in rounds.series]
    benchmark.extra_info["p50_ms"] = {entry.contender: entry.p50_ms for entry in measurements}
    plan.pictures.append(_picture(plan, subject, data, measurements))
    print(_progress(plan, subject, measurements), flush=True)
    assert any(entry.outcome == "success" for entry in measurements)


def _progress(plan: Plan, subject: Subject, measurements: list[results.Measurement]) -> str:
    medians = (
        f"{entry.contender} {entry.p50_ms:.0f} ms" if entry.p50_ms else f"{entry.contender} {entry.outcome}"
        for entry in measurements
    )
    return f"{len(plan.pictures):3}/{len(plan.subjects)} {subject.name:28} {', '.join(medians)}"


def _measurement(plan: Plan, subject: Subject, data: bytes, series: Series) -> results.Measurement:
    name = f"{subject.path.stem}-{series.entrant.name}.webp"
    folder = plan.folder / "thumbnails"
    folder.mkdir(exist_ok=True)
    if thumbnail := series.thumbnail():
        (folder / name).write_bytes(thumbnail)
    return describe(series, memory_mb=plan.memory_mb, lossless=data, thumbnail_name=f"thumbnails/{name}")


def _picture(
    plan: Plan, subject: Subject, data: bytes, measurements: list[results.Measurement]
) -> results.Picture:
    folder = plan.folder / "originals"
    folder.mkdir(exist_ok=True)
    (folder / subject.name).write_bytes(data)
    with Image.open(subject.path) as image:
        width, height = image.size
    return results.Picture(
        name=subject.name,
        trait=subject.trait,
        width=width,
        height=height,
        bytes_in=len(data),
        original=f"originals/{subject.name}",
        measurements=measurements,
    )
