from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from benchmarks.bench.plan import BenchPicture
from benchmarks.bench.quality import score
from benchmarks.tuning.pictures import lossless_pixels, pixels_to_encode
from benchmarks.tuning.setting import Setting, encode, of_variables, today
from benchmarks.tuning.trial import Job, measure
from resizer.formats import OutputFormat
from resizer.pipeline import Stopwatch, render
from resizer.settings import Settings
from resizer.switches import Kernel
from tests.benchmarks.tuning.builders import setting


def _job(picture: BenchPicture, *settings: Setting) -> Job:
    pixels = pixels_to_encode(picture, settings[0].kernel)
    return Job(
        lossless=lossless_pixels(picture),
        pixels=pixels,
        encodings=tuple(one.encoding for one in settings),
        today_pixels=pixels_to_encode(picture, today().kernel),
        today=today().encoding,
        rounds=3,
    )


@pytest.mark.parametrize(
    "variables",
    [
        {"format": "webp", "quality": "70", "effort": "4", "sharp_yuv": "true", "kernel": "cubic"},
        {"format": "avif", "quality": "60", "effort": "0", "subsampling": "4:4:4"},
        {"format": "jpeg", "quality": "80", "effort": "6", "trellis": "true"},
    ],
    ids=lambda variables: variables["format"],
)
def test_a_trial_is_of_the_very_bytes_that_the_function_writes(
    variables: dict[str, str], pictures: list[BenchPicture]
) -> None:
    (picture, _) = pictures
    chosen = of_variables(variables)
    env = {"BUCKET_NAME": "b", **{f"THUMBNAIL_{name.upper()}": value for name, value in variables.items()}}
    written = render(
        memoryview(picture.path.read_bytes()), settings=Settings.from_env(env), watch=Stopwatch()
    ).data

    (trial,) = measure(_job(picture, chosen))

    assert encode(chosen, pixels_to_encode(picture, chosen.kernel)) == written
    assert trial.size_bytes == len(written)
    assert trial.ssimulacra2 == pytest.approx(score(written, lossless_pixels(picture).image()), abs=1e-3)
    assert trial.cpu_ms > 0
    assert trial.today_cpu_ms > 0


def test_settings_are_measured_in_turns_and_returned_in_their_order(pictures: list[BenchPicture]) -> None:
    first, second = measure(_job(pictures[0], setting(40, effort=0), setting(95, effort=0)))

    assert first.size_bytes < second.size_bytes
    assert first.today_cpu_ms == second.today_cpu_ms


def test_today_s_setting_against_itself_takes_about_its_own_time(pictures: list[BenchPicture]) -> None:
    job = replace(_job(pictures[0], today()), rounds=12)
    (trial,) = measure(job)

    assert trial.cpu_ms / trial.today_cpu_ms == pytest.approx(1, abs=0.5)


def test_a_job_is_small_enough_to_be_sent(pictures: list[BenchPicture]) -> None:
    job = _job(pictures[0], setting(80, OutputFormat.AVIF))

    assert len(pickle.dumps(job)) < 250_000
    assert pickle.loads(pickle.dumps(job)) == job  # noqa: S301  made in the line before


def test_the_kernels_have_pixels_of_their_own(pictures: list[BenchPicture]) -> None:
    cubic = _job(pictures[0], replace(setting(), kernel=Kernel.CUBIC))

    assert cubic.pixels != cubic.today_pixels
