"""What `benchmarks.studies.engines` found, as lines, as JSON and as the table of docs/performance.md."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

_NAME_WIDTH = 28


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the milliseconds hold for."""

    date: str
    machine: str
    versions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The three engines at one picture; `ratio` is that of `auto` to the better of the two others."""

    picture: str
    chosen: str
    pillow_milliseconds: float
    vips_milliseconds: float | None
    auto_milliseconds: float
    auto_steps_milliseconds: dict[str, float]
    ratio: float


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A photo's whole way against decoding at 1/8 and encoding alone, which nothing can undercut."""

    picture: str
    auto_milliseconds: float
    limit_milliseconds: float
    ratio: float


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One whole run."""

    environment: Environment
    rounds: int
    comparisons: list[Comparison]
    limit: Limit | None


def line(comparison: Comparison) -> str:
    """Tell one picture, for the terminal."""
    return (
        f"{comparison.picture:{_NAME_WIDTH}} pillow {_milliseconds(comparison.pillow_milliseconds):>8}"
        f"  vips {_milliseconds(comparison.vips_milliseconds):>8}"
        f"  auto {_milliseconds(comparison.auto_milliseconds):>8} by {comparison.chosen:6}"
        f"  auto/best {comparison.ratio:.3f}"
    )


def summary(measurement: Measurement) -> str:
    """Tell the worst case, and the reference photo's distance from the limit."""
    worst = max(measurement.comparisons, key=lambda comparison: comparison.ratio)
    text = f"worst: auto takes {worst.ratio:.3f} times the better engine's time at {worst.picture}"
    if limit := measurement.limit:
        text += (
            f"\n{limit.picture}: {limit.auto_milliseconds:.1f} ms, {limit.ratio:.3f} times the "
            f"{limit.limit_milliseconds:.1f} ms of decoding at 1/8 and encoding alone"
        )
    return text


def to_json(measurement: Measurement) -> str:
    """Write everything, for other programs."""
    return json.dumps(asdict(measurement), indent=2) + "\n"


def to_markdown(measurement: Measurement) -> str:
    """Draw the table, with what it holds for and how to make it again."""
    environment = measurement.environment
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    rows = "\n".join(_row(comparison) for comparison in measurement.comparisons)
    return f"""\
Milliseconds for one whole thumbnail (150x150 WebP, quality 85, effort 6), medians of {measurement.rounds}
rounds on one core of: {environment.machine}; {versions}; {environment.date}.
Made by `python -m benchmarks.studies.engines --rounds {measurement.rounds} --markdown FILE`.

| picture | pillow | vips | auto | by | auto / best |
|---|--:|--:|--:|---|--:|
{rows}

{summary(measurement)}
"""


def _row(comparison: Comparison) -> str:
    return (
        f"| {comparison.picture} | {_milliseconds(comparison.pillow_milliseconds)} "
        f"| {_milliseconds(comparison.vips_milliseconds)} | {_milliseconds(comparison.auto_milliseconds)} "
        f"| {comparison.chosen} | {comparison.ratio:.2f} |"
    )


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"  # noqa: RUF001  the dash of an empty cell
