"""What a run has found, in the form that is stored, and the thumbnails beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.tuning import results
from benchmarks.tuning.forecast import forecast
from benchmarks.tuning.outcome import Outcome, front
from benchmarks.tuning.savings import savings

if TYPE_CHECKING:
    from benchmarks.tuning.run import Found, Plan
    from benchmarks.tuning.samples import Sample
    from benchmarks.tuning.setting import Setting
    from benchmarks.tuning.sweep import Sweep


def to_results(plan: Plan, found: Found, sweep: Sweep, photos: list[results.Photo]) -> results.TuneResults:
    """Put what was found into the form that is stored."""
    saved = savings(found.today, found.pick, plan.traffic)
    on_front = {id(one) for one in front(found.outcomes)}
    listed = sorted(found.outcomes, key=lambda one: one.mean_bytes)
    today_rest, pick_rest = found.rest or (found.today, found.pick)
    everything = [
        Outcome(setting=one.setting, trials={**one.trials, **more.trials})
        for one, more in ((found.today, today_rest), (found.pick, pick_rest))
    ]
    return results.TuneResults(
        environment=results.Environment(
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
        saved=results.Saved(
            views=plan.traffic.views,
            uploads=plan.traffic.uploads,
            memory_mb=plan.traffic.memory_mb,
            bytes_per_thumbnail=saved.bytes_per_thumbnail,
            percent=saved.percent,
            cpu_ms_per_thumbnail=saved.cpu_ms_per_thumbnail,
            delivery_usd_a_month=saved.delivery_usd_a_month,
            lambda_usd_a_month=saved.lambda_usd_a_month,
        ),
        forecast=forecast(*everything),
        candidates=[_candidate(one, on_front=id(one) in on_front) for one in listed],
        rest=[_candidate(one, on_front=False) for one in found.rest],
        photos=photos,
    )


def write_thumbnails(plan: Plan, found: Found, sweep: Sweep, folder: Path) -> list[results.Photo]:
    """Write today's and the pick's thumbnail of every picture beside the results."""
    (folder / "thumbnails").mkdir(parents=True, exist_ok=True)
    photos = []
    for tuned_for, samples in ((True, plan.tuned_for), (False, plan.rest)):
        for sample in samples:
            today, pick = (
                _write_thumbnail(sample, outcome.setting, sweep, folder, role)
                for outcome, role in ((found.today, "today"), (found.pick, "pick"))
            )
            lossless = Path("thumbnails", f"{sample.name}.lossless.png")
            sample.lossless().image().save(folder / lossless)
            photos.append(
                results.Photo(
                    name=sample.name,
                    trait=sample.trait,
                    tuned_for=tuned_for,
                    today_file=str(today),
                    pick_file=str(pick),
                    lossless_file=str(lossless),
                )
            )
    return photos


def _write_thumbnail(sample: Sample, setting: Setting, sweep: Sweep, folder: Path, role: str) -> Path:
    """Write one, and give its path from the folder on."""
    path = Path("thumbnails", f"{sample.name}.{role}{setting.encoding.format.extension}")
    (folder / path).write_bytes(sweep.thumbnail(setting, sample))
    return path


def _candidate(outcome: Outcome, *, on_front: bool) -> results.Candidate:
    return results.Candidate(
        label=outcome.setting.label,
        variables=outcome.setting.variables,
        mean_bytes=round(outcome.mean_bytes, 1),
        mean_ssimulacra2=round(outcome.mean_score, 3),
        mean_cpu_ms=round(outcome.mean_cpu_ms, 3),
        cpu_ratio=round(outcome.cpu_ratio, 4),
        on_front=on_front,
        trials=[
            results.PictureTrial(
                picture=name,
                size_bytes=trial.size_bytes,
                ssimulacra2=round(trial.ssimulacra2, 3),
                cpu_ms=trial.cpu_ms,
                cpu_ratio=round(trial.cpu_ms / trial.today_cpu_ms, 4),
            )
            for name, trial in outcome.trials.items()
        ],
    )
