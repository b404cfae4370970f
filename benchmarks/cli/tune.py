"""`python -m benchmarks tune`: the encoder settings with the fewest bytes at the wanted quality."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import click

from benchmarks.report.tune_page import write_tune_report
from benchmarks.tuning import apply as profiles
from benchmarks.tuning import results
from benchmarks.tuning import setting as settings
from benchmarks.tuning.aim import Goal, Traffic
from benchmarks.tuning.cache import TrialCache
from benchmarks.tuning.pictures import tuning_pictures
from benchmarks.tuning.results import to_results, write_thumbnails
from benchmarks.tuning.run import TuningPlan, run
from benchmarks.tuning.sweep import TuningSweep
from benchmarks.tuning.table import print_results, show, write_figures
from benchmarks.tuning.trial import versions
from benchmarks.tuning.workers import Workers, dask_workers, local_workers
from harness.console import errors_in_one_line
from harness.errors import ThumbrigError
from resizer.formats import OutputFormat

PROJECT = Path(__file__).parents[2]
_INTERRUPTED = "interrupted; what was measured is kept, and the next run goes on from it"
_AIMS = [goal.value for goal in Goal if goal is not Goal.SCORE]


class UnknownFormatError(ThumbrigError):
    """Raised when --formats names a format that the function does not write."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"--formats: expected some of {', '.join(known)}, got {name!r}; correct the list")


@click.command()
@click.option("--aim", type=click.Choice(_AIMS), default="bytes", show_default=True, help="What is best.")
@click.option(
    "--target-score", type=click.FloatRange(0, 100), help="Fewest bytes at this SSIMULACRA2 instead."
)
@click.option("--formats", default="webp,avif,jpeg", show_default=True, help="Which formats may be picked.")
@click.option("--images", type=Path, help="Tune for the photos of this folder.")
@click.option("--views", type=click.IntRange(0), default=10_000_000, show_default=True, help="A month.")
@click.option("--uploads", type=click.IntRange(0), default=100_000, show_default=True, help="A month.")
@click.option("--scheduler", help="A Dask scheduler, tcp://HOST:PORT, instead of this machine's cores.")
@click.option("--quick", is_flag=True, help="Three pictures, a small grid: less than a minute.")
@click.option(
    "--apply", is_flag=True, help="Write the pick into resizer/profiles.py, as the profile `tuned`."
)
@click.option("--docs", type=Path, help="Write the figures into this document, between its marks.")
@click.option("--output", type=Path, default=PROJECT / "reports" / "tune", help="Where results go.")
@click.option("--cache", type=Path, default=PROJECT / ".cache" / "tune", help="Where trials are kept.")
def command(  # noqa: PLR0913  each is an option
    *,
    aim: str,
    target_score: float | None,
    formats: str,
    images: Path | None,
    views: int,
    uploads: int,
    scheduler: str | None,
    quick: bool,
    apply: bool,
    docs: Path | None,
    output: Path,
    cache: Path,
) -> None:
    """Search for encoder settings, and show what the best would save."""
    with errors_in_one_line(interrupted=_INTERRUPTED):
        tuned_for, rest = tuning_pictures(images, quick=quick)
        plan = TuningPlan(
            goal=Goal(aim) if target_score is None else Goal.SCORE,
            target_score=target_score,
            formats=parse_formats(formats),
            traffic=Traffic(views=views, uploads=uploads),
            tuned_for=tuned_for,
            rest=rest,
            quick=quick,
        )
        with _workers(scheduler) as workers:
            found = tune(plan, workers, output=output, cache=cache)
        print_results(found)
        click.echo(f"\n{write_tune_report(output / 'results.json', output)}")
        if docs:
            write_figures(found, docs)
        if apply:
            apply_pick(found)


def parse_formats(text: str) -> tuple[OutputFormat, ...]:
    """Read which formats may be picked."""
    known = {output.value: output for output in OutputFormat}
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in known:
            raise UnknownFormatError(name, list(known))
    return tuple(known[name] for name in names)


def tune(plan: TuningPlan, workers: Workers, *, output: Path, cache: Path) -> results.TuneResults:
    """Search, and store what was found."""
    kept = TrialCache(folder=cache, machine=workers.machine, versions=versions())
    sweep = TuningSweep(workers=workers, cache=kept, today=settings.today(), progress=show)
    found = run(plan, sweep)
    photos = write_thumbnails(plan, found, sweep, output)
    stored = to_results(plan, found, sweep, photos)
    results.write(stored, output / "results.json")
    return stored


def apply_pick(found: results.TuneResults) -> None:
    """Write the pick into the function's settings, and print what that changes."""
    pick = settings.of_variables(found.candidate(found.pick).variables)
    profiles.apply(pick)
    click.echo(f"\nwritten to {profiles.PROFILES_FILE}, profile {profiles.TUNED!r}: {pick.label}")
    parameters = f"ThumbnailProfile={profiles.TUNED}"
    if pick.encoding.format is not OutputFormat.WEBP:
        parameters += f" ThumbnailFormat={pick.encoding.format}"
    click.echo(f"the default stays as it is; deploy with {parameters} to use it")
    gate = "nox -s gate -- " + " ".join(f"--parameter {part}" for part in parameters.split())
    click.echo(f"`{gate}` will say: {found.forecast}")


def _workers(scheduler: str | None) -> AbstractContextManager[Workers]:
    return dask_workers(scheduler) if scheduler else local_workers()
