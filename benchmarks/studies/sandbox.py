"""What the sandbox itself costs, and how accurate its peak memory is: `nox -s sandbox`.

The function does nothing, or touches a known number of bytes; so what is measured is the sandbox's own.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click

from harness.sandbox.environment import Environment
from harness.sandbox.function import OWN_RUNTIME, bare_function
from harness.sandbox.limits.base import Confinement
from harness.sandbox.limits.choose import confinement
from harness.sandbox.logs import Silence
from harness.sandbox.runtimes import link_runtimes, runtime_folder

_MB = 2**20
_MEMORY_MB = 512
_ALLOCATIONS_MB = (50, 100, 200, 300, 400)

_SOURCE = """
import mmap

def handle(event, context):
    if size := event["bytes"]:
        with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
            for offset in range(0, size, mmap.PAGESIZE):
                memory[offset] = 1
"""


@click.command()
@click.option("--invocations", default=500, show_default=True)
@click.option("--limiter", help="What holds the function; the hardest that works if left out.")
def command(*, invocations: int, limiter: str | None) -> None:
    """Measure the sandbox's own cost, and how accurate its peak memory is."""
    held = confinement(limiter)
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(Path(folder), held)
        try:
            costs_ms = _costs_ms(environment, invocations=invocations)
            peaks_mb = {size: _peak_mb(environment, size) for size in _ALLOCATIONS_MB}
        finally:
            environment.stop()
    click.echo(f"limiter {held.limiter.name}: {held.limiter.description}")
    click.echo(_cost_line(costs_ms))
    for size, peak in peaks_mb.items():
        click.echo(f"allocated {size:4} MB  measured {peak:6.1f} MB  off by {(peak / size - 1) * 100:+.1f} %")


def _costs_ms(environment: Environment, *, invocations: int) -> list[float]:
    costs = []
    for _ in range(invocations):
        started = time.perf_counter()
        _invoke_bytes(environment, 0)
        costs.append((time.perf_counter() - started) * 1000)
    return costs


def _cost_line(costs_ms: Sequence[float]) -> str:
    p95 = statistics.quantiles(costs_ms, n=20)[-1]
    return (
        f"a warm invocation of a function that does nothing: {statistics.median(costs_ms):.2f} ms median, "
        f"{p95:.2f} ms p95, of {len(costs_ms)}"
    )


def _peak_mb(environment: Environment, megabytes: int) -> float:
    """Measure what an allocation adds to the peak of an invocation that allocates nothing."""
    idle = _invoke_bytes(environment, 0)
    return (_invoke_bytes(environment, megabytes * _MB) - idle) / _MB


def _invoke_bytes(environment: Environment, size: int) -> int:
    return environment.invoke(json.dumps({"bytes": size}).encode(), request_id="known").peak_memory_bytes


def _environment(folder: Path, held: Confinement) -> Environment:
    task_root = folder / "task"
    task_root.mkdir()
    (task_root / "index.py").write_text(_SOURCE)
    link_runtimes(folder / "runtimes")
    runtime = held.limiter.platform(OWN_RUNTIME).runtime
    function = bare_function("known", task_root, runtime=runtime, memory_mb=_MEMORY_MB)
    return Environment(
        function,
        folder=folder / "environment",
        runtime_folder=runtime_folder(function.runtime, folder / "runtimes"),
        log=lambda _: Silence(),
        confinement=held,
    )
