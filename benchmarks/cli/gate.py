"""`python -m benchmarks gate`: observe, judge, print; or accept."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import track

from benchmarks.bench.plan import BenchPicture
from benchmarks.gate import reports
from benchmarks.gate.accept import accept, require_reason
from benchmarks.gate.baseline import Baseline, read_baseline, write_baseline
from benchmarks.gate.compare import OtherBuildError, OtherPicturesError, compare
from benchmarks.gate.observe import PictureResult, choose_pictures, observe, rescored
from benchmarks.gate.snapshot import Observation
from benchmarks.gate.verdict import Verdict
from benchmarks.gate.wording import VerdictWords, in_words
from benchmarks.report.gate_page import gate_page
from harness.console import EXIT_CANNOT, console
from harness.errors import ThumbrigError
from harness.package.function import FunctionFolder

_PROJECT = Path(__file__).parents[2]
_BASELINE = _PROJECT / "benchmarks" / "baselines" / "thumbnails.json"
_EXIT_RED = 1


@dataclass(frozen=True, kw_only=True)
class GateRun:
    """What is judged, by which pictures and baseline, and where the reports go."""

    function: FunctionFolder
    subjects: Sequence[BenchPicture]
    parameters: Mapping[str, str]
    limiter: str | None
    baseline: Path
    reports: Path
    accept_command: str

    def observe(self) -> Observation:
        """Serve every picture, and show a person how far it is."""
        return observe(
            self.function,
            self.subjects,
            parameters=self.parameters,
            limiter=self.limiter,
            progress=self._progress,
        )

    def _progress(self, results: Iterable[PictureResult]) -> Iterable[PictureResult]:
        out = console(stderr=True)
        return track(
            results,
            description="thumbnails",
            total=len(self.subjects),
            console=out,
            transient=True,
            disable=not out.is_terminal,
        )


@click.command()
@click.option("--function", type=Path, default=_PROJECT / "resizer", help="Folder of the function to judge.")
@click.option("--baseline", type=Path, default=_BASELINE, help="The file that it is held to.")
@click.option("--images", type=Path, help="Your own pictures: every one of this folder.")
@click.option("--parameter", "parameters", multiple=True, help="NAME=VALUE for the template; repeatable.")
@click.option("--limiter", help="What limits the function; the hardest that works if left out.")
@click.option("--accept", "reason", help="Take today's thumbnails as the baseline, for this reason.")
@click.option("--output", type=Path, default=_PROJECT / "reports" / "gate", help="Where the reports go.")
def command(  # noqa: PLR0913  each is an option
    *,
    function: Path,
    baseline: Path,
    images: Path | None,
    parameters: tuple[str, ...],
    limiter: str | None,
    reason: str | None,
    output: Path,
) -> None:
    """Hold a function's thumbnails to a baseline: 0 held, 1 regressed or missing, 2 cannot judge."""
    # Anything else that a run does is logged on request only.
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)
    try:
        reports.clear(output)
        folder = FunctionFolder.load(function)
        run = GateRun(
            function=folder,
            subjects=choose_pictures(images, folder),
            parameters=dict(map(_parameter, parameters)),
            limiter=limiter,
            baseline=baseline,
            reports=output,
            # The options as they were typed, after the command's own name.
            accept_command=f'nox -s gate -- {shlex.join([*sys.argv[2:], "--accept"])} "why this is wanted"',
        )
        sys.exit(judge(run) if reason is None else take(run, require_reason(reason)))
    except ThumbrigError as exc:
        click.echo(f"cannot judge: {exc}", err=True)
        reports.write_unjudged(str(exc), output)
        sys.exit(EXIT_CANNOT)


def judge(run: GateRun) -> int:
    """Compare with the baseline, which stays as it is."""
    # First: without one, nobody has to wait for the thumbnails.
    former, images = read_baseline(run.baseline)
    observation = run.observe()
    verdict, _ = _compared(former, images, observation, run)
    return _EXIT_RED if verdict.red else 0


def take(run: GateRun, reason: str) -> int:
    """Accept what is observed as the new baseline, and print what that takes in."""
    # A baseline that is there and cannot be read is not overwritten: its history would be lost.
    former, images = read_baseline(run.baseline) if run.baseline.exists() else (None, {})
    observation = run.observe()
    words = None
    try:
        _, words = _compared(former, images, observation, run) if former else (None, None)
    except (OtherBuildError, OtherPicturesError) as exc:
        click.echo(f"not compared with the former baseline: {exc}", err=True)
    accepted = accept(former, observation, words, reason=reason, date=datetime.now(UTC).date().isoformat())
    write_baseline(run.baseline, accepted, observation.images, former=former)
    reports.print_accepted(accepted, run.baseline)
    return 0


def _compared(
    former: Baseline, images: Mapping[str, bytes], observation: Observation, run: GateRun
) -> tuple[Verdict, VerdictWords]:
    snapshot = rescored(former.snapshot, observation.snapshot, images, run.subjects)
    verdict = compare(replace(former, snapshot=snapshot), observation, accept_command=run.accept_command)
    words = in_words(verdict, former.history)
    page = gate_page(verdict, words, images, observation)
    reports.print_verdict(verdict, words, reports.write(verdict, words, run.reports, page=page))
    return verdict, words


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"expected NAME=VALUE, got {text!r}", param_hint="--parameter")
    return name, value
