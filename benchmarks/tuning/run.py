"""A whole run: today's setting, the search, the pick measured again, and the pick tried on the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.bench.plan import BenchPicture
from benchmarks.tuning import search
from benchmarks.tuning.aim import CPU_SLACK, Aim, Goal, Traffic, TriedSetting, ranked
from benchmarks.tuning.setting import Setting
from benchmarks.tuning.sweep import TuningSweep
from harness.errors import ThumbrigError
from resizer.formats import OutputFormat

# The search asks which settings are about as quick as today's; the pick must surely be.
_SEARCH_ROUNDS: Final = 3
_CONFIRM_ROUNDS: Final = 15
# What more CPU time would buy is shown up to these multiples of today's.
_CPU_LIMITS: Final = (2.0, 5.0, 25.0)


class NothingWillDoError(ThumbrigError):
    """Raised when no setting that was tried meets the aim."""

    def __init__(self, aim: Aim, best: TriedSetting | None) -> None:
        came = f"at best {best.setting.label} with {best.mean_score:.1f}" if best else "none at all"
        super().__init__(
            f"expected a setting for the aim ({aim.text}), got {came}; lower --target-score, or allow"
            " more --formats"
        )


@dataclass(frozen=True, kw_only=True)
class TuningPlan:
    """What a run searches for, and with which pictures."""

    goal: Goal
    target_score: float | None
    formats: tuple[OutputFormat, ...]
    traffic: Traffic
    tuned_for: Sequence[BenchPicture]
    rest: Sequence[BenchPicture]
    quick: bool = False


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What a run found; `best` is the best setting of each format."""

    aim: Aim
    tried: list[TriedSetting]
    pick: TriedSetting
    best: dict[str, TriedSetting]
    more_cpu: list[TriedSetting]
    rest: list[TriedSetting]

    @property
    def today(self) -> TriedSetting:
        """Today's setting, as it was measured with the pick."""
        return self.aim.today


def run(plan: TuningPlan, sweep: TuningSweep) -> SearchResult:
    """Search, measure the best again, and try the pick on the rest."""

    def evaluate(settings: Sequence[Setting], stage: str) -> list[TriedSetting]:
        return sweep.evaluate(settings, plan.tuned_for, stage=stage, rounds=_SEARCH_ROUNDS)

    (today,) = sweep.evaluate([sweep.today], plan.tuned_for, stage="today's setting", rounds=_CONFIRM_ROUNDS)
    aim = Aim(goal=plan.goal, today=today, traffic=plan.traffic, target_score=plan.target_score)
    tried = search.search(evaluate, plan.formats, today=today, score=aim.least_score, quick=plan.quick)
    allowed = [one for one in tried if one.setting.encoding.format in plan.formats or one is today]
    best = {}
    for output in plan.formats:
        of_format = [one for one in allowed if one.setting.encoding.format is output]
        if confirmed := _confirmed(aim, of_format, plan, sweep):
            best[output.value] = confirmed
    pick = min(best.values(), key=lambda one: (not aim.allows(one), aim.value(one)), default=None)
    if pick is None:
        raise NothingWillDoError(aim, max(allowed, key=lambda one: one.mean_score, default=None))
    settings = [sweep.today, pick.setting]
    rest = sweep.evaluate(settings, plan.rest, stage="the rest", rounds=_SEARCH_ROUNDS) if plan.rest else []
    # The best ones as they were measured the second time.
    surest = {one.setting: one for one in [*allowed, *best.values()]}
    return SearchResult(
        aim=aim,
        tried=list(surest.values()),
        pick=pick,
        best=best,
        more_cpu=list(_with_more_cpu(aim, surest.values(), pick)),
        rest=rest,
    )


def _confirmed(
    aim: Aim, tried: Iterable[TriedSetting], plan: TuningPlan, sweep: TuningSweep
) -> TriedSetting | None:
    """Measure the best again and more often, until one still meets the aim."""
    left = ranked(aim, tried)
    looks = 0
    while left:
        first, looks = left[0], looks + 1
        stage = f"the pick of {first.setting.encoding.format}, look {looks}"
        (again,) = sweep.evaluate([first.setting], plan.tuned_for, stage=stage, rounds=_CONFIRM_ROUNDS)
        if aim.allows(again) or not aim.allows(first, cpu_slack=CPU_SLACK):
            return again
        # What seemed no quicker than one that is too slow needs no look; today's own always meets the aim.
        left = [one for one in left[1:] if one.cpu_ratio < first.cpu_ratio or one is aim.today]
    return None


def _with_more_cpu(aim: Aim, tried: Iterable[TriedSetting], pick: TriedSetting) -> Iterator[TriedSetting]:
    """Yield settings with fewer bytes than the pick at the aim's quality, for more and more CPU time."""
    least_score = pick.mean_score if aim.least_score is None else aim.least_score
    least = pick
    known = [one for one in tried if one.mean_score >= least_score]
    for limit in _CPU_LIMITS:
        able = [one for one in known if one.cpu_ratio <= limit and one.mean_bytes < least.mean_bytes]
        if able:
            least = min(able, key=lambda one: one.mean_bytes)
            yield least
