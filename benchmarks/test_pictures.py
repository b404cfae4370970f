"""One benchmark for each picture: pytest-benchmark runs its rounds, each round is all contenders in turn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from benchmarks.bench import results
from benchmarks.bench.contenders import WarmEnvironments
from benchmarks.bench.measure import Rounds, Series, describe
from benchmarks.bench.plan import REFERENCE, BenchPicture, BenchPlan

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

_FEWEST_ROUNDS = 3
# The picture that ratios are quoted for.
_REFERENCE_ROUNDS = 15
_MOST_ROUNDS = 25


def _plan(config: pytest.Config) -> BenchPlan:
    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, BenchPlan):
            return plugin
    raise pytest.UsageError("expected the plan of a run, got none; run `nox -s bench`")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    pictures = _plan(metafunc.config).pictures
    metafunc.parametrize("picture", pictures, ids=[picture.name for picture in pictures])


@pytest.fixture(scope="module")
def plan(pytestconfig: pytest.Config) -> BenchPlan:
    return _plan(pytestconfig)


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmEnvironments]:
    with WarmEnvironments() as warm:
        yield warm


def test_picture(
    benchmark: BenchmarkFixture, plan: BenchPlan, warm: WarmEnvironments, picture: BenchPicture
) -> None:
    data = picture.path.read_bytes()
    rounds = Rounds(plan.contenders, warm, picture.name, data)
    rounds.warm_up()
    started = time.monotonic()
    rounds.once()
    took = time.monotonic() - started

    fewest = _REFERENCE_ROUNDS if picture.name == REFERENCE else _FEWEST_ROUNDS
    number = max(fewest, min(_MOST_ROUNDS, int(plan.seconds_per_picture / took)))
    benchmark.pedantic(rounds.once, rounds=number, iterations=1)  # type: ignore[no-untyped-call]

    measurements = [_measurement(plan, picture, data, series) for series in rounds.series]
    benchmark.extra_info["p50_ms"] = {entry.contender: entry.p50_ms for entry in measurements}
    plan.measured.append(_picture(plan, picture, data, measurements))
    print(_progress(plan, picture, measurements), flush=True)
    assert any(entry.outcome == "success" for entry in measurements)


def _progress(plan: BenchPlan, picture: BenchPicture, measurements: list[results.Measurement]) -> str:
    medians = (
        f"{entry.contender} {entry.p50_ms:.0f} ms" if entry.p50_ms else f"{entry.contender} {entry.outcome}"
        for entry in measurements
    )
    return f"{len(plan.measured):3}/{len(plan.pictures)} {picture.name:28} {', '.join(medians)}"


def _measurement(plan: BenchPlan, picture: BenchPicture, data: bytes, series: Series) -> results.Measurement:
    name = f"{picture.path.stem}-{series.contender.name}.webp"
    folder = plan.folder / "thumbnails"
    folder.mkdir(exist_ok=True)
    if thumbnail := series.thumbnail():
        (folder / name).write_bytes(thumbnail)
    return describe(series, memory_mb=plan.memory_mb, original=data, thumbnail_name=f"thumbnails/{name}")


def _picture(
    plan: BenchPlan, picture: BenchPicture, data: bytes, measurements: list[results.Measurement]
) -> results.MeasuredPicture:
    folder = plan.folder / "originals"
    folder.mkdir(exist_ok=True)
    (folder / picture.name).write_bytes(data)
    with Image.open(picture.path) as image:
        width, height = image.size
    return results.MeasuredPicture(
        name=picture.name,
        trait=picture.trait,
        width=width,
        height=height,
        bytes_in=len(data),
        original=f"originals/{picture.name}",
        measurements=measurements,
    )
