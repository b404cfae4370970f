"""What large pictures of each kind take, and what the function estimated before: `nox -s memory`.

The deployed function serves each picture. At the memory in question, one environment after the other serves
them all: it makes a thumbnail, refuses, or is killed. What is refused is served once more where there is room
for everything, so that its true peak stands beside the estimate.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from rich.table import Table

from benchmarks.bench.contenders import (
    PASSED,
    DeployedContender,
    WarmEnvironments,
    choose,
    deployed_contenders,
    invoke,
    outcome_of,
)
from fixtures.images.kinds import KINDS, Canvas
from harness.console import console
from harness.sandbox.limits.base import BYTES_PER_MB
from resizer.engines.auto import preferred
from resizer.footprint import Decoder, added_bytes
from resizer.header import read_header
from resizer.settings import Settings

_PACKAGES = Path(__file__).parents[2] / ".cache" / "packages"
_ROOMY_MB = 10_240
_EVERY_PIXEL = 10**12
_REFUSED = "refused: TooMuchMemory"  # as contenders.py words it


@dataclass(frozen=True, kw_only=True)
class MeasuredKind:
    """One picture; its peak is that at the memory in question, or, where it was refused, without a limit."""

    kind: str
    file_bytes: int
    decoder: str
    estimated_bytes: int
    peak_bytes: int
    outcome: str
    cpu_seconds: float


@click.command()
@click.option("--memory", "memory_mb", default=512, show_default=True, help="MB that the function has.")
@click.option("--megapixels", default=100.0, show_default=True, help="How large the pictures are.")
@click.option("--kind", "kinds", multiple=True, help="Only kinds whose name has this in it; repeatable.")
@click.option("--markdown", type=Path, help="Also write the table there.")
def command(*, memory_mb: int, megapixels: float, kinds: tuple[str, ...], markdown: Path | None) -> None:
    """Serve large pictures of each kind, and compare the estimated with the measured memory."""
    chosen = _chosen(kinds)
    with deployed_contenders(
        choose(["auto"]), memory_mb=memory_mb, cpu="unshaped", limiter=None, cache=_PACKAGES
    ) as (contender,):
        click.echo(contender.target.limits)
        side = round((megapixels * 1e6) ** 0.5)
        found = list(_measure_all(contender, chosen, memory_mb, side))
    _print(found, memory_mb)
    if markdown:
        markdown.write_text(_markdown(found, memory_mb))
    sys.exit(int(any(one.outcome not in {PASSED, _REFUSED} for one in found)))


def _chosen(parts: Sequence[str]) -> list[str]:
    chosen = [kind for kind in KINDS if not parts or any(part in kind for part in parts)]
    if not chosen:
        raise click.BadParameter(f"no kind has {parts[0]!r} in its name", param_hint="--kind")
    return chosen


def _measure_all(
    contender: DeployedContender, kinds: Sequence[str], memory_mb: int, side: int
) -> Iterator[MeasuredKind]:
    canvas = Canvas(side)
    with WarmEnvironments(memory_mb=memory_mb) as warm:
        for kind in kinds:
            measured = _measure(contender, warm, kind, KINDS[kind](canvas), memory_mb)
            click.echo(f"{kind}: {measured.outcome}, {measured.peak_bytes / BYTES_PER_MB:.0f} MB")
            yield measured


def _measure(
    contender: DeployedContender, warm: WarmEnvironments, kind: str, data: bytes, memory_mb: int
) -> MeasuredKind:
    original = contender.put("picture", data)
    invocation = invoke(warm.environment(contender), original)
    outcome = outcome_of(invocation)
    if outcome == _REFUSED:
        with contender.environment(memory_mb=_ROOMY_MB) as roomy:
            invocation = invoke(roomy, original)
    decoder, estimated_bytes = _estimate(data, memory_mb)
    return MeasuredKind(
        kind=kind,
        file_bytes=len(data),
        decoder=decoder,
        estimated_bytes=estimated_bytes,
        peak_bytes=invocation.peak_memory_bytes,
        outcome=outcome,
        cpu_seconds=invocation.cpu_seconds,
    )


def _estimate(data: bytes, memory_mb: int) -> tuple[Decoder, int]:
    """Say which engine the function takes, where it refuses the one it would prefer, and what it expects."""
    settings = Settings(bucket_name="none", memory_bytes=memory_mb * BYTES_PER_MB)
    header = read_header(data, max_pixels=_EVERY_PIXEL)
    decoders = preferred(header)
    added = partial(added_bytes, header=header, file_bytes=len(data), size=settings.size)
    decoder = next((name for name in decoders if settings.memory.holds(added(name))), decoders[0])
    return decoder, settings.memory.rest_bytes + added(decoder)


def _rows(found: Sequence[MeasuredKind], memory_mb: int) -> tuple[list[str], list[list[str]]]:
    columns = [
        "kind",
        "file",
        "by",
        "estimate",
        "measured",
        "estimate / measured",
        f"at {memory_mb} MB",
        "CPU",
    ]
    rows = [
        [
            one.kind,
            f"{one.file_bytes / BYTES_PER_MB:.0f} MB",
            one.decoder,
            f"{one.estimated_bytes / BYTES_PER_MB:.0f} MB",
            f"{one.peak_bytes / BYTES_PER_MB:.0f} MB",
            f"{one.estimated_bytes / one.peak_bytes:.2f}",
            {PASSED: "thumbnail", _REFUSED: "refused"}.get(one.outcome, one.outcome),
            f"{one.cpu_seconds:.1f} s",
        ]
        for one in found
    ]
    return columns, rows


def _print(found: Sequence[MeasuredKind], memory_mb: int) -> None:
    columns, rows = _rows(found, memory_mb)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def _markdown(found: Sequence[MeasuredKind], memory_mb: int) -> str:
    columns, rows = _rows(found, memory_mb)
    lines = [columns, ["---", *["--:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
