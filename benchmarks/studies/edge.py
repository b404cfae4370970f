"""How many requests for a cached thumbnail the edge serves from one core: `nox -s edge`.

The edge runs on one core and the load generator, wrk, on another; both speak TLS over connections that are
kept alive. The thumbnail lies in a real bucket, and is in the edge's cache after the first request.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import psutil

from benchmarks.bench.machine import cpu_model
from fixtures.pictures import picture
from harness import process
from harness.cdn.edge import Edge
from harness.cdn.edge import edge as run_edge
from harness.errors import ThumbrigError
from harness.package.function import FunctionFolder
from harness.targets.embedded.target import embedded_target
from resizer.pipeline import Stopwatch, render
from resizer.settings import Settings

FORMAT_VERSION: Final = 1
_KEY: Final = "members/profile/resized/thumbnail/reference.webp"
_PERCENTILES: Final = (50, 75, 90, 99)
_UNITS_MS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}
_FUNCTION: Final = (
    'name = "none"\nruntime = "python3.13"\nhandler = "index.handle"\n[package]\ninclude = ["*.py"]\n'
)


class NoLoadGeneratorError(ThumbrigError):
    """Raised when wrk is not installed."""

    def __init__(self) -> None:
        super().__init__("expected wrk on PATH to make the load: install it (Debian: apt-get install wrk)")


class TooFewCoresError(ThumbrigError):
    """Raised when the edge and the load generator cannot have a core each."""

    def __init__(self, cores: int) -> None:
        super().__init__(f"expected two cores or more, one for the edge and one for wrk, got {cores}")


class UnreadableOutputError(ThumbrigError):
    """Raised when wrk prints something else than expected."""

    def __init__(self, pattern: str, text: str) -> None:
        super().__init__(f"expected {pattern} in what wrk prints, got: {text.strip()}")


@dataclass(frozen=True, kw_only=True)
class EdgeLoad:
    """What a run measured, and on which machine."""

    format_version: int
    date: str
    machine: str
    tool: str
    thumbnail_bytes: int
    connections: int
    seconds: int
    requests: int
    requests_per_second: float
    percentiles_milliseconds: dict[str, float]
    cpu_microseconds_per_request: float
    origin_requests: int
    failed_requests: int


@click.command(help=__doc__)
@click.option("--connections", default=10, show_default=True, help="Connections at the same time.")
@click.option("--seconds", default=10, show_default=True, help="How long the load lasts.")
@click.option("--json", "json_path", type=Path, help="Write the results to this file.")
def command(*, connections: int, seconds: int, json_path: Path | None) -> None:
    """Measure, print, and write the file that was asked for."""
    result = measure(connections=connections, seconds=seconds)
    print(summary(result))
    if json_path:
        json_path.write_text(json.dumps(asdict(result), indent=2) + "\n")


def measure(*, connections: int, seconds: int) -> EdgeLoad:
    """Run an edge on one core and wrk on another."""
    if shutil.which("wrk") is None:
        raise NoLoadGeneratorError
    cores = sorted(psutil.Process().cpu_affinity() or [])
    if len(cores) < 2:  # noqa: PLR2004  one each
        raise TooFewCoresError(len(cores))
    thumbnail = render(
        memoryview(picture("reference.jpg").data()), settings=Settings(bucket_name="none"), watch=Stopwatch()
    ).data
    with tempfile.TemporaryDirectory() as folder:
        function = Path(folder)
        (function / "function.toml").write_text(_FUNCTION)
        (function / "index.py").write_text("def handle(event, context): return {}\n")
        with embedded_target(FunctionFolder.load(function), cache=function / "cache") as target:
            deployment = target.deploy()
            deployment.aws.client("s3").put_object(
                Bucket=deployment.bucket,
                Key=_KEY,
                Body=thumbnail,
                ContentType="image/webp",
                CacheControl="max-age=31536000",
            )
            with run_edge(deployment) as edge:
                return _load(edge, cores, len(thumbnail), connections=connections, seconds=seconds)


def _load(
    edge: Edge, cores: Sequence[int], thumbnail_bytes: int, *, connections: int, seconds: int
) -> EdgeLoad:
    server = psutil.Process(edge.process_id)
    server.cpu_affinity([cores[0]])
    command = ["taskset", "-c", str(cores[1]), "wrk", "--latency", "-t1", f"-c{connections}"]
    url = f"{edge.url}/{_KEY}"
    process.run([*command, "-d1s", url])
    before, busy = edge.counts(), sum(server.cpu_times()[:2])
    printed = process.run([*command, f"-d{seconds}s", url])
    done, used = edge.counts().since(before), sum(server.cpu_times()[:2]) - busy
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    return EdgeLoad(
        format_version=FORMAT_VERSION,
        date=datetime.now(UTC).date().isoformat(),
        machine=cpu_model(),
        tool=_version(),
        thumbnail_bytes=thumbnail_bytes,
        connections=connections,
        seconds=seconds,
        requests=done.viewer_requests,
        requests_per_second=float(_found(r"Requests/sec:\s+([\d.]+)", printed)),
        percentiles_milliseconds=parse_percentiles(printed),
        cpu_microseconds_per_request=used / done.viewer_requests * 1e6,
        origin_requests=done.origin_requests,
        failed_requests=int(failed[1]) if failed else 0,
    )


def parse_percentiles(printed: str) -> dict[str, float]:
    """Read wrk's distribution of latencies, in milliseconds."""
    found = {}
    for percentile in _PERCENTILES:
        value = _found(rf"\b{percentile}%\s+([\d.]+(?:us|ms|s))\b", printed)
        unit = value.lstrip("0123456789.")
        found[f"p{percentile}"] = float(value.removesuffix(unit)) * _UNITS_MS[unit]
    return found


def summary(load: EdgeLoad) -> str:
    """Return the table that docs/performance.md quotes."""
    latencies = load.percentiles_milliseconds
    return (
        f"{load.tool}, {load.connections} connections kept alive, TLS, "
        f"{load.seconds} s, a thumbnail of {load.thumbnail_bytes:,} bytes; "
        f"{load.machine}\n\n"
        "| requests a second | p50 | p90 | p99 | CPU a request | to the origin | failed |\n"
        "|--:|--:|--:|--:|--:|--:|--:|\n"
        f"| {load.requests_per_second:,.0f} | {latencies['p50']:.1f} ms | {latencies['p90']:.1f} ms "
        f"| {latencies['p99']:.1f} ms | {load.cpu_microseconds_per_request:.0f} us "
        f"| {load.origin_requests} | {load.failed_requests} |"
    )


def _version() -> str:
    # It prints its version, and then exits with 1.
    printed = process.run(["sh", "-c", "wrk -v || true"])
    return "wrk " + _found(r"wrk (\S+) \[", printed)


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise UnreadableOutputError(pattern, text)
    return match[1]
