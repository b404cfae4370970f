"""Which engine is the fastest at which picture, and whether `auto` chooses it: `nox -s engines`.

All three make whole thumbnails (decode, resize, encode; no network) in one interleaved run on one core, so
that whatever else the machine does falls on each alike. What counts is the ratio of `auto` to the better of
the two others, taken round by round; the milliseconds hold only for the machine named beside them.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import platform
import statistics
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click
import pyvips
from PIL import Image, JpegImagePlugin, features

from benchmarks.bench.machine import MeasuredOn, cpu_model
from fixtures.pictures import READABLE, Picture, picture
from resizer.engines.pillow import PillowSmall
from resizer.pipeline import Rendered, Stopwatch, render
from resizer.settings import EngineName, Settings

_ENGINES: tuple[EngineName, ...] = get_args(EngineName)
# In every order: one that always followed libvips would always find the processor's caches full of libvips.
_ORDERS = tuple(itertools.permutations(_ENGINES))
_STEPS = ("decode", "resize", "encode")
_BOUND_PICTURE = "reference.jpg"
_SETTINGS = Settings(bucket_name="none")
_NAME_WIDTH = 28


@dataclass(frozen=True, kw_only=True)
class EngineComparison:
    """The three engines at one picture; `ratio` is that of `auto` to the better of the two others."""

    picture: str
    chosen: str
    pillow_milliseconds: float
    vips_milliseconds: float | None
    auto_milliseconds: float
    auto_steps_milliseconds: dict[str, float]
    ratio: float


@dataclass(frozen=True, kw_only=True)
class LowerBound:
    """A photo's whole thumbnail against decoding at 1/8 and encoding alone, which nothing can undercut."""

    picture: str
    auto_milliseconds: float
    limit_milliseconds: float
    ratio: float


@dataclass(frozen=True, kw_only=True)
class EngineStudy:
    """One whole run."""

    environment: MeasuredOn
    rounds: int
    comparisons: list[EngineComparison]
    limit: LowerBound | None


@click.command(help=__doc__)
@click.option("--rounds", default=18, show_default=True, help="Turns of each engine at each picture.")
@click.option("--picture", "names", multiple=True, help="Only this one; repeatable.")
@click.option("--json", "json_path", type=Path, help="Write the results to this file.")
@click.option("--markdown", type=Path, help="Write the table for docs/performance.md to this file.")
def command(*, rounds: int, names: tuple[str, ...], json_path: Path | None, markdown: Path | None) -> None:
    """Measure, print a line for each picture and the worst case, and write the files that were asked for."""
    _pin_to_one_core()
    pictures = [picture(name) for name in names] or list(READABLE)
    comparisons: list[EngineComparison] = []
    for entry in pictures:
        comparisons.append(compare(entry, rounds=rounds))
        print(line(comparisons[-1]), flush=True)
    study = EngineStudy(
        environment=_measured_on(),
        rounds=rounds,
        comparisons=comparisons,
        limit=measure_bound(rounds=rounds) if picture(_BOUND_PICTURE) in pictures else None,
    )
    print(summary(study))
    if json_path:
        json_path.write_text(json.dumps(asdict(study), indent=2) + "\n")
    if markdown:
        markdown.write_text(to_markdown(study))


def compare(entry: Picture, *, rounds: int) -> EngineComparison:
    """Let the three engines take turns at one picture."""
    data = memoryview(entry.data())
    chosen = {name: _thumbnail(data, name)[0].engine for name in _ENGINES}  # and everything is warm now
    steps: dict[EngineName, list[dict[str, float]]] = {name: [] for name in _ENGINES}
    for number in range(rounds):
        for name in _ORDERS[number % len(_ORDERS)]:
            steps[name].append(_thumbnail(data, name)[1])
    totals = {name: [sum(step.values()) for step in steps[name]] for name in _ENGINES}
    medians = {name: statistics.median(totals[name]) for name in _ENGINES}
    better = totals["pillow" if medians["pillow"] <= medians["vips"] else "vips"]
    return EngineComparison(
        picture=entry.name,
        chosen=chosen["auto"],
        pillow_milliseconds=medians["pillow"],
        # Pillow steps in for what libvips does not read; a time of libvips would then be one of Pillow.
        vips_milliseconds=medians["vips"] if chosen["vips"] == "vips" else None,
        auto_milliseconds=medians["auto"],
        auto_steps_milliseconds={name: statistics.median(s[name] for s in steps["auto"]) for name in _STEPS},
        ratio=_paired(totals["auto"], better),
    )


def measure_bound(*, rounds: int) -> LowerBound:
    """Compare the reference photo's thumbnail with its two unavoidable parts: libjpeg at 1/8, and libwebp."""
    data = picture(_BOUND_PICTURE).data()
    small = PillowSmall(Image.open(io.BytesIO(_thumbnail(memoryview(data), "auto")[0].data)).convert("RGB"))
    whole, parts = [], []
    for _ in range(rounds):
        whole.append(sum(_thumbnail(memoryview(data), "auto")[1].values()))
        parts.append(_unavoidable(data, small))
    return LowerBound(
        picture=_BOUND_PICTURE,
        auto_milliseconds=statistics.median(whole),
        limit_milliseconds=statistics.median(parts),
        ratio=_paired(whole, parts),
    )


def _unavoidable(data: bytes, small: PillowSmall) -> float:
    start = time.perf_counter()
    photo = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    photo.draft(None, (photo.width // 8, photo.height // 8))
    photo.load()
    small.encode(_SETTINGS.encoding)
    return (time.perf_counter() - start) * 1000


def _thumbnail(data: memoryview, name: EngineName) -> tuple[Rendered, dict[str, float]]:
    watch = Stopwatch()
    rendered = render(data, settings=Settings(bucket_name="none", engine=name), watch=watch)
    return rendered, watch.milliseconds


def _paired(numerators: list[float], denominators: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(numerators, denominators, strict=True))


def _pin_to_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):  # Linux only; elsewhere both engines use one thread anyway
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _measured_on() -> MeasuredOn:
    return MeasuredOn(
        date=datetime.now(UTC).date().isoformat(),
        machine=cpu_model(),
        versions={
            "Python": platform.python_version(),
            "Pillow": features.version("pil") or "unknown",
            "libjpeg-turbo": features.version("libjpeg_turbo") or "none",
            "libwebp": features.version("webp") or "none",
            "libvips": ".".join(str(pyvips.version(part)) for part in range(3)),
        },
    )


def line(comparison: EngineComparison) -> str:
    """Return the terminal's line for one picture."""
    return (
        f"{comparison.picture:{_NAME_WIDTH}} pillow {_milliseconds(comparison.pillow_milliseconds):>8}"
        f"  vips {_milliseconds(comparison.vips_milliseconds):>8}"
        f"  auto {_milliseconds(comparison.auto_milliseconds):>8} by {comparison.chosen:6}"
        f"  auto/best {comparison.ratio:.3f}"
    )


def summary(study: EngineStudy) -> str:
    """Name the worst case, and how far the reference photo is from the lower bound."""
    worst = max(study.comparisons, key=lambda comparison: comparison.ratio)
    text = f"worst: auto takes {worst.ratio:.3f} times the better engine's time for {worst.picture}"
    if limit := study.limit:
        text += (
            f"\n{limit.picture}: {limit.auto_milliseconds:.1f} ms, {limit.ratio:.3f} times the "
            f"{limit.limit_milliseconds:.1f} ms of decoding at 1/8 and encoding alone"
        )
    return text


def to_markdown(study: EngineStudy) -> str:
    """Return the table, with what it holds for and how to make it again."""
    environment = study.environment
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    rows = "\n".join(_row(comparison) for comparison in study.comparisons)
    return f"""\
Milliseconds for one whole thumbnail (150x150 WebP, quality 85, effort 6), medians of {study.rounds}
rounds on one core ({environment.machine}; {versions}; {environment.date}).
Made by `nox -s engines -- --rounds {study.rounds} --markdown FILE`.

| picture | pillow | vips | auto | by | auto / best |
|---|--:|--:|--:|---|--:|
{rows}

{summary(study)}
"""


def _row(comparison: EngineComparison) -> str:
    return (
        f"| {comparison.picture} | {_milliseconds(comparison.pillow_milliseconds)} "
        f"| {_milliseconds(comparison.vips_milliseconds)} | {_milliseconds(comparison.auto_milliseconds)} "
        f"| {comparison.chosen} | {comparison.ratio:.2f} |"
    )


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"  # noqa: RUF001  the dash of an empty cell
