"""`python -m benchmarks.gate`: observe, judge, print; or accept."""

from __future__ import annotations

import logging
import shlex
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import track

from benchmarks.gate import baseline as baselines
from benchmarks.gate import compare, pictures, reports, scoring, terminal
from benchmarks.gate.accept import NoReasonError, accept
from benchmarks.gate.observe import Assignment, Sight, observe
from harness.errors import ThumbrigError
from harness.package.function import FunctionFolder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.gate.baseline import Baseline
    from benchmarks.gate.snapshot import Observation
    from benchmarks.gate.verdict import Verdict

_PROJECT = Path(__file__).parents[2]
_BASELINE = _PROJECT / "benchmarks" / "baselines" / "thumbnails.json"

_EXIT_RED = 1
_EXIT_CANNOT_JUDGE = 2


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is to be judged, by what, and where the reports go; with a reason it is accepted as well."""

    assignment: Assignment
    baseline: Path
    reports: Path
    accept_reason: str | None
    arguments: tuple[str, ...]

    @property
    def accept_command(self) -> str:
        """Tell what to type to accept, with the options that this run was given."""
        return f'nox -s gate -- {shlex.join([*self.arguments, "--accept"])} "why this is wanted"'

    def shown(self, sights: Iterable[Sight]) -> Iterable[Sight]:
        """Show a person how far it is."""
        out = terminal.console(stderr=True)
        return track(
            sights,
            description="thumbnails",
            total=len(self.assignment.subjects),
            console=out,
            transient=True,
            disable=not out.is_terminal,
        )


@click.command()
@click.option("--function", type=Path, default=_PROJECT / "resizer", help="Folder of the function to judge.")
@click.option("--baseline", type=Path, default=_BASELINE, help="The file that it is held to.")
@click.option("--images", type=Path, help="Your own pictures: every one of this folder.")
@click.option("--parameter", "parameters", multiple=True, help="NAME=VALUE for the template; repeatable.")
@click.option("--limiter", help="What holds the function; the hardest that works if left out.")
@click.option("--accept", "accept_reason", help="Take today's thumbnails as the baseline, for this reason.")
@click.option("--output", type=Path, default=_PROJECT / "reports" / "gate", help="Where the reports go.")
def main(  # noqa: PLR0913  each is an option
    *,
    function: Path,
    baseline: Path,
    images: Path | None,
    parameters: tuple[str, ...],
    limiter: str | None,
    accept_reason: str | None,
    output: Path,
) -> None:
    """Hold a function's thumbnails to a baseline: 0 held, 1 regressed or missing, 2 cannot judge."""
    # What a run does besides is told on request only.
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)
    try:
        reports.clear(output)
        folder = FunctionFolder.load(function)
        assignment = Assignment(
            function=folder,
            subjects=pictures.choose(images, folder),
            parameters=dict(map(_parameter, parameters)),
            limiter=limiter,
        )
        run = Run(
            assignment=assignment,
            baseline=baseline,
            reports=output,
            accept_reason=accept_reason,
            arguments=tuple(sys.argv[1:]),
        )
        sys.exit(judge(run) if accept_reason is None else take(run))
    except ThumbrigError as exc:
        click.echo(f"cannot judge: {exc}", err=True)
        reports.write_unjudged(str(exc), output)
        sys.exit(_EXIT_CANNOT_JUDGE)
    except KeyboardInterrupt:
        click.echo("thumbrig: interrupted, everything is stopped", err=True)
        sys.exit(130)


def judge(run: Run) -> int:
    """Compare with the baseline, which stays as it is."""
    # First: whoever has none need not wait for the thumbnails.
    former, images = baselines.read(run.baseline)
    observation = observe(run.assignment, progress=run.shown)
    verdict = _compared(former, images, observation, run)
    return _EXIT_RED if verdict.red else 0


def take(run: Run) -> int:
    """Take what is observed as the new baseline, and say what that takes in."""
    if not (run.accept_reason or "").strip():
        raise NoReasonError
    former, images = _former(run.baseline)
    observation = observe(run.assignment, progress=run.shown)
    verdict = _judged_if_possible(former, images, observation, run)
    accepted = accept(
        former,
        observation,
        verdict,
        reason=run.accept_reason or "",
        date=datetime.now(UTC).date().isoformat(),
    )
    baselines.write(run.baseline, accepted, observation.images, former=former)
    terminal.print_accepted(accepted, run.baseline)
    return 0


def _compared(former: Baseline, images: dict[str, bytes], observation: Observation, run: Run) -> Verdict:
    compare.require_judgeable(former, observation)
    if former.snapshot.scorer != observation.snapshot.scorer:
        # The rig has changed, and so may its scores: both sides get today's.
        subjects = run.assignment.subjects
        former = replace(former, snapshot=scoring.rescored(former.snapshot, images, subjects))
    verdict = replace(compare.compare(former, observation), accept_command=run.accept_command)
    page = reports.write(verdict, former, images, observation, run.reports)
    terminal.print_verdict(verdict, page)
    return verdict


def _former(path: Path) -> tuple[Baseline | None, dict[str, bytes]]:
    # A baseline that is there and cannot be read is not overwritten: its history would be lost.
    return baselines.read(path) if path.exists() else (None, {})


def _judged_if_possible(
    former: Baseline | None, images: dict[str, bytes], observation: Observation, run: Run
) -> Verdict | None:
    if former is None:
        return None
    try:
        return _compared(former, images, observation, run)
    except (compare.OtherBuildError, compare.OtherPicturesError) as exc:
        click.echo(f"not compared with the former baseline: {exc}", err=True)
        return None


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"expected NAME=VALUE, got {text!r}", param_hint="--parameter")
    return name, value
