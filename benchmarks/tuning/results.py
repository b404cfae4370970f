"""What a search found, as stored: units in the names. The report reads this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.bench.machine import MeasuredOn
from benchmarks.bench.plan import BenchPicture
from benchmarks.tuning.aim import Savings, TriedSetting, front, savings
from benchmarks.tuning.apply import forecast
from benchmarks.tuning.pictures import lossless_pixels
from benchmarks.tuning.run import SearchResult, TuningPlan
from benchmarks.tuning.setting import Setting
from benchmarks.tuning.sweep import TuningSweep
from harness.files import read_json, write_json

FORMAT: Final = "thumbrig-tune/1"


@dataclass(frozen=True, kw_only=True)
class TunedOn(MeasuredOn):
    """Where the trials ran; `machine` is the workers', and CPU times hold for it alone."""

    workers: int


@dataclass(frozen=True, kw_only=True)
class PictureTrial:
    """One setting at one picture; `cpu_ratio` is to today's setting, measured in turns with it."""

    picture: str
    size_bytes: int
    ssimulacra2: float
    cpu_ms: float
    cpu_ratio: float


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One setting over all pictures, written as the function's variables without their THUMBNAIL_."""

    label: str
    variables: dict[str, str]
    mean_bytes: float
    mean_ssimulacra2: float
    mean_cpu_ms: float
    cpu_ratio: float
    on_front: bool
    trials: list[PictureTrial]


@dataclass(frozen=True, kw_only=True)
class ComparedPhoto:
    """A picture, and its thumbnails as files beside the results; `tuned_for` is false for the rest."""

    name: str
    trait: str
    tuned_for: bool
    today_file: str
    pick_file: str
    lossless_file: str


@dataclass(frozen=True, kw_only=True)
class TuneResults:
    """One search; `best` has the label of the best setting of each format that meets the aim."""

    environment: TunedOn
    aim: str
    aim_text: str
    formats: list[str]
    today: str
    pick: str
    best: dict[str, str]
    more_cpu: list[str]
    saved: Savings
    forecast: str
    candidates: list[Candidate]
    rest: list[Candidate]
    photos: list[ComparedPhoto]

    def candidate(self, label: str) -> Candidate:
        """Find a setting among the pictures that it was tuned for."""
        return next(one for one in self.candidates if one.label == label)


def write(results: TuneResults, path: Path) -> None:
    """Store results as JSON."""
    write_json(path, results, format_number=FORMAT)


def read(path: Path) -> TuneResults:
    """Read stored results; raises UnreadableFileError."""
    expected = f"results of format {FORMAT}, made by `nox -s tune`"
    return read_json(path, TuneResults, format_number=FORMAT, expected=expected)


def to_results(
    plan: TuningPlan, found: SearchResult, sweep: TuningSweep, photos: list[ComparedPhoto]
) -> TuneResults:
    """Put what was found into the form that is stored."""
    on_front = {id(one) for one in front(found.tried)}
    today_rest, pick_rest = found.rest or (found.today, found.pick)
    today, pick = (
        TriedSetting(setting=one.setting, trials={**one.trials, **more.trials})
        for one, more in ((found.today, today_rest), (found.pick, pick_rest))
    )
    return TuneResults(
        environment=TunedOn(
            date=datetime.now(UTC).date().isoformat(),
            machine=sweep.workers.machine,
            workers=sweep.workers.count,
            versions=sweep.cache.versions,
        ),
        aim=plan.goal.value,
        aim_text=found.aim.text,
        formats=[output.value for output in plan.formats],
        today=found.today.setting.label,
        pick=found.pick.setting.label,
        best={output: one.setting.label for output, one in found.best.items()},
        more_cpu=[one.setting.label for one in found.more_cpu],
        saved=savings(found.today, found.pick, plan.traffic),
        forecast=forecast(today, pick),
        candidates=[
            _candidate(one, on_front=id(one) in on_front)
            for one in sorted(found.tried, key=lambda one: one.mean_bytes)
        ],
        rest=[_candidate(one, on_front=False) for one in found.rest],
        photos=photos,
    )


def write_thumbnails(
    plan: TuningPlan, found: SearchResult, sweep: TuningSweep, folder: Path
) -> list[ComparedPhoto]:
    """Write today's and the pick's thumbnail of every picture beside the results."""
    (folder / "thumbnails").mkdir(parents=True, exist_ok=True)

    def write_one(picture: BenchPicture, setting: Setting, role: str) -> str:
        path = Path("thumbnails", f"{picture.name}.{role}{setting.encoding.format.extension}")
        (folder / path).write_bytes(sweep.thumbnail(setting, picture))
        return str(path)

    photos = []
    for picture in (*plan.tuned_for, *plan.rest):
        lossless = Path("thumbnails", f"{picture.name}.lossless.png")
        lossless_pixels(picture).image().save(folder / lossless)
        photos.append(
            ComparedPhoto(
                name=picture.name,
                trait=picture.trait,
                tuned_for=picture in plan.tuned_for,
                today_file=write_one(picture, found.today.setting, "today"),
                pick_file=write_one(picture, found.pick.setting, "pick"),
                lossless_file=str(lossless),
            )
        )
    return photos


def _candidate(tried: TriedSetting, *, on_front: bool) -> Candidate:
    return Candidate(
        label=tried.setting.label,
        variables=tried.setting.variables,
        mean_bytes=round(tried.mean_bytes, 1),
        mean_ssimulacra2=round(tried.mean_score, 3),
        mean_cpu_ms=round(tried.mean_cpu_ms, 3),
        cpu_ratio=round(tried.cpu_ratio, 4),
        on_front=on_front,
        trials=[
            PictureTrial(
                picture=name,
                size_bytes=trial.size_bytes,
                ssimulacra2=round(trial.ssimulacra2, 3),
                cpu_ms=trial.cpu_ms,
                cpu_ratio=round(trial.cpu_ms / trial.today_cpu_ms, 4),
            )
            for name, trial in tried.trials.items()
        ],
    )
