"""Which engine is the fastest at which picture, and does `auto` choose it: `nox -s engines`.

All three make whole thumbnails (decode, resize, encode; no network) in one interleaved run on one core, so
that whatever else the machine does falls on each alike. What counts is the ratio of `auto` to the better of
the two others, taken round by round; the milliseconds hold only for the machine named beside them.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import platform
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pyvips
from PIL import Image, JpegImagePlugin, features

from benchmarks.bench.machine import cpu_model
from benchmarks.studies import engines_report
from benchmarks.studies.engines_report import Comparison, Environment, Limit, Measurement
from fixtures.pictures import READABLE, picture
from resizer.engines.pillow import PillowSmall
from resizer.pipeline import Rendered, Stopwatch, render
from resizer.settings import EngineName, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fixtures.pictures import Picture

_ENGINES: tuple[EngineName, ...] = get_args(EngineName)
# In every order: who always followed libvips would always find the processor's caches full of libvips.
_ORDERS = tuple(itertools.permutations(_ENGINES))
_STEPS = ("decode", "resize", "encode")
_LIMIT_PICTURE = "reference.jpg"
_SETTINGS = Settings(bucket_name="none")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a line for each picture and the worst case, and write the files that were asked for."""
    options = _options(arguments)
    _pin_to_one_core()
    pictures = [picture(name) for name in options.picture] or list(READABLE)
    comparisons: list[Comparison] = []
    for entry in pictures:
        comparisons.append(compare(entry, rounds=options.rounds))
        print(engines_report.line(comparisons[-1]), flush=True)
    measurement = Measurement(
        environment=_environment(),
        rounds=options.rounds,
        comparisons=comparisons,
        limit=measure_limit(rounds=options.rounds) if picture(_LIMIT_PICTURE) in pictures else None,
    )
    print(engines_report.summary(measurement))
    if options.json:
        options.json.write_text(engines_report.to_json(measurement))
    if options.markdown:
        options.markdown.write_text(engines_report.to_markdown(measurement))


def compare(entry: Picture, *, rounds: int) -> Comparison:
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
    return Comparison(
        picture=entry.name,
        chosen=chosen["auto"],
        pillow_milliseconds=medians["pillow"],
        # Pillow steps in for what libvips does not read; its own time would not tell anything then.
        vips_milliseconds=medians["vips"] if chosen["vips"] == "vips" else None,
        auto_milliseconds=medians["auto"],
        auto_steps_milliseconds={name: statistics.median(s[name] for s in steps["auto"]) for name in _STEPS},
        ratio=_paired(totals["auto"], better),
    )


def measure_limit(*, rounds: int) -> Limit:
    """Compare the reference photo's way with its two unavoidable parts: libjpeg at 1/8, and libwebp."""
    data = picture(_LIMIT_PICTURE).data()
    small = PillowSmall(Image.open(io.BytesIO(_thumbnail(memoryview(data), "auto")[0].data)).convert("RGB"))
    whole, parts = [], []
    for _ in range(rounds):
        whole.append(sum(_thumbnail(memoryview(data), "auto")[1].values()))
        parts.append(_unavoidable(data, small))
    return Limit(
        picture=_LIMIT_PICTURE,
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


def _environment() -> Environment:
    return Environment(
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


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.engines", description=__doc__)
    parser.add_argument("--rounds", type=int, default=18, help="turns of each engine at each picture")
    parser.add_argument("--picture", action="append", default=[], help="only this one; may be repeated")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    parser.add_argument("--markdown", type=Path, help="write the table for docs/performance.md to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
