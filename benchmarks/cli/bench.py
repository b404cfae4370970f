"""`python -m benchmarks bench`: contenders under Lambda's limits, at one picture after the other."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from benchmarks.bench import measure, results
from benchmarks.bench.contenders import choose, deployed_contenders
from benchmarks.bench.machine import cpu_model
from benchmarks.bench.plan import REFERENCE, BenchPlan, bench_pictures, parse_sizes
from benchmarks.bench.table import print_results
from benchmarks.report.page import write_bench_report
from harness.sandbox.limits.base import Cpu

PROJECT = Path(__file__).parents[2]
USUAL_MB = 512
_SOAK_INVOCATIONS = 500
_COLD_STARTS = 7
_SWEEP_ROUNDS = 7


@click.command()
@click.option("--memory", default="512", show_default=True, help="MB; several, as in 128,256,512, are swept.")
@click.option("--cpu", type=click.Choice(["lambda", "unshaped"]), default="lambda", show_default=True)
@click.option("--limiter", help="What limits the functions; the hardest that works if left out.")
@click.option(
    "--contender", "names", multiple=True, help="Only this one, or a function's folder; repeatable."
)
@click.option("--picture", "pictures", multiple=True, help="Only this picture; repeatable.")
@click.option("--images", type=Path, help="Your own photos: every picture of this folder.")
@click.option("--quick", is_flag=True, help="Four pictures, few rounds: at most a minute.")
@click.option(
    "--smallest", is_flag=True, help="Also bisect for the smallest memory that passes all pictures."
)
@click.option("--largest", is_flag=True, help="Also serve 100 megapixels of each format.")
@click.option(
    "--soak", is_flag=True, help=f"Also {_SOAK_INVOCATIONS} warm invocations or more: does memory grow?"
)
@click.option("--output", type=Path, default=PROJECT / "reports" / "bench", help="Where results go.")
def command(  # noqa: PLR0913  each is an option
    *,
    memory: str,
    cpu: Cpu,
    limiter: str | None,
    names: tuple[str, ...],
    pictures: tuple[str, ...],
    images: Path | None,
    quick: bool,
    smallest: bool,
    largest: bool,
    soak: bool,
    output: Path,
) -> None:
    """Measure functions that make thumbnails, under Lambda's limits."""
    sizes_mb = parse_sizes(memory)
    subjects = bench_pictures(pictures, images, quick=quick)
    specs = choose(names)
    output.mkdir(parents=True, exist_ok=True)
    own = USUAL_MB if USUAL_MB in sizes_mb else sizes_mb[0]
    with deployed_contenders(
        specs, memory_mb=own, cpu=cpu, limiter=limiter, cache=PROJECT / ".cache" / "packages"
    ) as contenders:
        click.echo(contenders[0].target.limits)
        plan = BenchPlan(
            contenders=contenders,
            pictures=subjects,
            folder=output,
            memory_mb=own,
            seconds_per_picture=1.5 if quick else 3.0,
            measured=[],
        )
        code = measure_pictures(plan)
        if code == pytest.ExitCode.INTERRUPTED:
            # As if pytest had not caught it.
            raise KeyboardInterrupt
        found = collect(plan, cpu=cpu, cold_starts=3 if quick else _COLD_STARTS)
        if len(sizes_mb) > 1:
            found = replace(found, sweep=sweep(plan, sizes_mb))
        found = explored(plan, found, smallest=smallest, largest=largest, soak=soak)
    results.write(found, output / "results.json")
    print_results(found)
    click.echo(f"\n{write_bench_report(output / 'results.json', output)}")
    sys.exit(code)


class _NoDots:
    """Keeps pytest's dots out of the benchmark's own progress."""

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        return (report.outcome, "", "") if report.passed else None


def measure_pictures(plan: BenchPlan) -> int:
    """Run the benchmark of each picture, by pytest-benchmark, and return pytest's exit code."""
    storage = plan.folder / "pytest-benchmark.json"
    arguments = [
        str(PROJECT / "benchmarks" / "test_pictures.py"),
        f"--benchmark-json={storage}",
        # Its table is of whole rounds; ours, at the end, is of contenders.
        "--benchmark-quiet",
        "--timeout=0",
        # An interrupted run has nothing to store: as an error that warning would hide why it ended.
        "--override-ini=filterwarnings=default",
        "--no-header",
        "--no-summary",
        "-qq",
        # The tests print the progress.
        "-s",
        # A picture that fails is an outcome of a contender, and the table at the end shows it.
        "-p",
        "no:cacheprovider",
    ]
    return int(pytest.main(arguments, plugins=[plan, _NoDots()]))


def collect(plan: BenchPlan, *, cpu: Cpu, cold_starts: int) -> results.Results:
    """Measure the cold starts, and put all results together."""
    subject = next((s for s in plan.pictures if s.name == REFERENCE), plan.pictures[0])
    click.echo(f"cold starts, {cold_starts} of each contender, with {subject.name}")
    cold = measure.measure_cold_starts(
        plan.contenders, subject.name, subject.path.read_bytes(), times=cold_starts
    )
    return results.Results(environment=_environment(plan, cpu=cpu), contenders=cold, pictures=plan.measured)


def sweep(plan: BenchPlan, sizes_mb: Sequence[int]) -> list[results.SweepPoint]:
    """Measure the first picture at every size."""
    subject = plan.pictures[0]
    click.echo(f"sweep over {sizes_mb} MB, with {subject.name}")
    data = subject.path.read_bytes()
    return measure.sweep_memory(plan.contenders, subject.name, data, sizes_mb=sizes_mb, rounds=_SWEEP_ROUNDS)


def explored(
    plan: BenchPlan, found: results.Results, *, smallest: bool, largest: bool, soak: bool
) -> results.Results:
    """Add what the options ask for beyond the pictures."""
    if smallest:
        click.echo("smallest memory, by bisection over all pictures")
        data = [(subject.name, subject.path.read_bytes()) for subject in plan.pictures]
        found = replace(
            found, smallest_memory=[measure.smallest_memory(contender, data) for contender in plan.contenders]
        )
    if largest:
        click.echo("100 megapixels of each format")
        every = [measure.largest_pictures(contender) for contender in plan.contenders]
        found = replace(found, largest_pictures=[one for several in every for one in several])
    if soak:
        click.echo(f"soak, {_SOAK_INVOCATIONS} warm invocations of each contender, more while memory grows")
        subject = plan.pictures[0]
        soaks = [
            measure.soak(contender, subject.name, subject.path.read_bytes(), invocations=_SOAK_INVOCATIONS)
            for contender in plan.contenders
        ]
        found = replace(found, soaks=soaks)
    return found


def _environment(plan: BenchPlan, *, cpu: Cpu) -> results.BenchedOn:
    limiter = plan.contenders[0].target.confinement.limiter
    runtimes = {contender.name: contender.function.runtime for contender in plan.contenders}
    return results.BenchedOn(
        date=datetime.now(UTC).date().isoformat(),
        machine=cpu_model(),
        cores=os.cpu_count() or 1,
        versions={"python": platform.python_version(), **runtimes},
        memory_mb=plan.memory_mb,
        cpu=cpu,
        limiter=limiter.name,
        limiter_description=limiter.description,
        limiter_is_hard=limiter.shapes_cpu,
    )
