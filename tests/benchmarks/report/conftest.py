"""A small benchmark (two pictures, three contenders, a failure, a sweep and a soak), and a small gate."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.bench.results import (
    BenchedOn,
    Contender,
    LargestPicture,
    MeasuredPicture,
    Measurement,
    Results,
    SmallestMemory,
    Soak,
    SweepPoint,
    write,
)
from benchmarks.gate.compare import compare
from benchmarks.gate.wording import in_words
from benchmarks.report.gate_page import gate_page as make_gate_page
from benchmarks.report.page import write_bench_report
from benchmarks.report.tune_page import write_tune_report
from tests.benchmarks.gate.builders import baseline, observation, thumbnail, with_images
from tests.benchmarks.report.tune_sample import store, tune_sample

_MIB = 1 << 20


@pytest.fixture(scope="session")
def sample() -> Results:
    """What a run measured; `auto` is the fastest at the reference, `pillow` at the other picture."""
    return Results(
        environment=BenchedOn(
            date="2026-01-02",
            machine="a machine & its <name>",
            cores=2,
            versions={"pillow": "13.0.0"},
            memory_mb=512,
            cpu="0.289 of a core",
            limiter="cgroup v2",
            limiter_description="memory.max, swap off",
            limiter_is_hard=True,
        ),
        contenders=[_contender("pillow", 400.0), _contender("auto", 200.0), _contender("sharp", 300.0)],
        pictures=[
            _picture("reference.jpg", _made("pillow", 200.0, 80), _made("auto", 100.0, 60), _out_of_memory()),
            _picture(
                "small.png", _made("pillow", 10.0, 40), _made("auto", 20.0, 50), _made("sharp", 10.4, 90)
            ),
        ],
        sweep=[
            SweepPoint(
                contender="auto",
                memory_mb=128,
                outcome="killed",
                p50_ms=None,
                p95_ms=None,
                usd_per_million=None,
            ),
            _point(256, 220.0, 1.0),
            _point(512, 100.0, 1.2),
            _point(1769, 60.0, 3.0),
        ],
        smallest_memory=[SmallestMemory(contender="auto", memory_mb=256, needs="reference.jpg")],
        largest_pictures=[
            LargestPicture(
                contender="auto",
                format="JPEG",
                megapixels=108.0,
                outcome="out of memory",
                peak_memory_bytes=200 * _MIB,
            )
        ],
        soaks=[
            Soak(
                contender="auto",
                invocations=5,
                memory_bytes=[50 * _MIB, 51 * _MIB, 51 * _MIB, 51 * _MIB, 51 * _MIB],
                slope_bytes_per_invocation=1024.0,
                verdict="stable",
            )
        ],
    )


@pytest.fixture
def sample_path(sample: Results, tmp_path: Path) -> Path:
    """The stored run, with the pictures that it names."""
    return _store(sample, tmp_path / "run")


@pytest.fixture(scope="session")
def bench_page(sample: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the sample; drawing it takes seconds, so nobody changes it."""
    folder = tmp_path_factory.mktemp("report")
    return write_bench_report(_store(sample, folder / "run"), folder / "reports" / "bench")


@pytest.fixture(scope="session")
def tune_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a small sweep."""
    folder = tmp_path_factory.mktemp("tune")
    return write_tune_report(store(tune_sample(), folder / "run"), folder / "reports" / "tune")


def _store(sample: Results, folder: Path) -> Path:
    folder.mkdir()
    for picture in sample.pictures:
        # A transparent PNG by whatever name: its content counts.
        Image.new("RGBA", (400, 300), (200, 90, 40, 128)).save(folder / picture.original, "PNG")
        for entry in picture.measurements:
            if entry.thumbnail:
                Image.new("RGB", (150, 150), (200, 90, 40)).save(folder / entry.thumbnail, "WEBP")
    write(sample, folder / "results.json")
    return folder / "results.json"


def _contender(name: str, init_ms: float) -> Contender:
    return Contender(
        name=name,
        runtime="python3.13",
        package_zip_bytes=20_000_000,
        package_unzipped_bytes=56_000_000,
        cold_init_ms=[init_ms, init_ms + 10, init_ms + 20],
        cold_first_ms=[100.0, 100.0, 100.0],
    )


def _picture(name: str, *measurements: Measurement) -> MeasuredPicture:
    return MeasuredPicture(
        name=name,
        trait="a <test> picture",
        width=400,
        height=300,
        bytes_in=1234,
        original=name,
        measurements=[
            Measurement(**{**vars(entry), "thumbnail": f"{name}.{entry.contender}.webp"})
            if entry.outcome == "success"
            else entry
            for entry in measurements
        ],
    )


def _made(contender: str, p50_ms: float, peak_mb: int) -> Measurement:
    return Measurement(
        contender=contender,
        outcome="success",
        duration_ms=[p50_ms * 0.9, p50_ms, p50_ms * 1.1],
        cpu_ms=[p50_ms * 0.3] * 3,
        peak_memory_bytes=[peak_mb * _MIB] * 3,
        bytes_out=5000,
        ssimulacra2=70.0,
        usd_per_million=1.2,
    )


def _out_of_memory() -> Measurement:
    return Measurement(contender="sharp", outcome="out of memory")


def _point(memory_mb: int, p50_ms: float, usd_per_million: float) -> SweepPoint:
    return SweepPoint(
        contender="auto",
        memory_mb=memory_mb,
        outcome="success",
        p50_ms=p50_ms,
        p95_ms=p50_ms * 1.1,
        usd_per_million=usd_per_million,
    )


@pytest.fixture
def gate_page(tmp_path: Path) -> Path:
    """The page of a red gate: pictures that regressed, are missing and held."""
    names = ("a.jpg", "b.jpg", "c.jpg", "a-picture-with-a-very-long-name-in-one-word.jpg")
    then = with_images(observation({name: thumbnail(name) for name in names}))
    now = with_images(
        observation(
            {
                "a.jpg": thumbnail(size_bytes=1500),
                "b.jpg": thumbnail("b.jpg", size_bytes=900, score=60.0),
                names[-1]: thumbnail(names[-1], size_bytes=1001),
            },
            without_thumbnail={"c.jpg": "out of memory"},
        )
    )
    held_to = baseline(then)
    verdict = compare(held_to, now)
    path = tmp_path / "index.html"
    path.write_text(make_gate_page(verdict, in_words(verdict, held_to.history), then.images, now))
    return path
