"""A whole run: today's setting, the search, the pick confirmed, and the pick tried on the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.tuning import search
from benchmarks.tuning.aim import CPU_SLACK, Aim, Goal, ranked
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.tuning.outcome import Outcome
    from benchmarks.tuning.samples import Sample
    from benchmarks.tuning.savings import Traffic
    from benchmarks.tuning.setting import Setting
    from benchmarks.tuning.sweep import Sweep
    from resizer.formats import OutputFormat

# The search needs to know who is about as quick as today's setting, the pick who is.
_SEARCH_ROUNDS: Final = 3
_CONFIRM_ROUNDS: Final = 15
# What more CPU time would buy is told up to these multiples of today's.
_CPU_LIMITS: Final = (2.0, 5.0, 25.0)


class NothingWillDoError(ThumbrigError):
    """Raised when no setting that was tried reaches what was asked for."""

    def __init__(self, aim: Aim, best: Outcome | None) -> None:
        came = f"at best {best.setting.label} with {best.mean_score:.1f}" if best else "none at all"
        super().__init__(
            f"expected a setting for the aim ({aim.text}), got {came}; lower --target-score, or allow"
            " more --formats"
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run is to find."""

    goal: Goal
    target_score: float | None
    formats: tuple[OutputFormat, ...]
    traffic: Traffic
    tuned_for: Sequence[Sample]
    rest: Sequence[Sample]
    quick: bool = False


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a run has found."""

    aim: Aim
    outcomes: list[Outcome]
    pick: Outcome
    best: dict[str, Outcome]
    more_cpu: list[Outcome]
    rest: list[Outcome]

    @property
    def today(self) -> Outcome:
        """Today's setting, as it was measured with the pick."""
        return self.aim.today


def run(plan: Plan, sweep: Sweep) -> Found:
    """Do all of it."""
    depth = search.QUICK if plan.quick else search.USUAL

    def evaluate(tried: Sequence[Setting], *, stage: str) -> list[Outcome]:
        return sweep.evaluate(tried, plan.tuned_for, stage=stage, rounds=_SEARCH_ROUNDS)

    (today,) = sweep.evaluate([sweep.today], plan.tuned_for, stage="today's setting", rounds=_CONFIRM_ROUNDS)
    aim = Aim(goal=plan.goal, today=today, traffic=plan.traffic, target_score=plan.target_score)
    outcomes = search.search(evaluate, plan.formats, today=today, score=aim.least_score, depth=depth)
    allowed = [one for one in outcomes if one.setting.encoding.format in plan.formats or one is today]
    best = {
        output.value: found
        for output in plan.formats
        if (found := _confirmed(aim, _of_format(allowed, output), plan, sweep))
    }
    pick = min(best.values(), key=lambda one: _order(aim, one), default=None)
    if pick is None:
        raise NothingWillDoError(aim, max(allowed, key=lambda one: one.mean_score, default=None))
    rest = (
        sweep.evaluate([sweep.today, pick.setting], plan.rest, stage="the rest", rounds=_SEARCH_ROUNDS)
        if plan.rest
        else []
    )
    sure = {one.setting: one for one in [*allowed, *best.values()]}
    return Found(
        aim=aim,
        outcomes=list(sure.values()),
        pick=pick,
        best=best,
        more_cpu=list(_with_more_cpu(aim, sure.values(), pick)),
        rest=rest,
    )


def _confirmed(aim: Aim, outcomes: list[Outcome], plan: Plan, sweep: Sweep) -> Outcome | None:
    """Measure the best again and more often, until one still keeps within the aim."""
    left = ranked(aim, outcomes)
    looks = 0
    while left:
        outcome, looks = left[0], looks + 1
        stage = f"the pick of {outcome.setting.encoding.format}, look {looks}"
        (again,) = sweep.evaluate([outcome.setting], plan.tuned_for, stage=stage, rounds=_CONFIRM_ROUNDS)
        if aim.allows(again) or not aim.allows(outcome, cpu_slack=CPU_SLACK):
            return again
        # Who seemed no quicker than one that is too slow need not be looked at; today's own always will do.
        left = [one for one in left[1:] if one.cpu_ratio < outcome.cpu_ratio or one is aim.today]
    return None


def _of_format(outcomes: Iterable[Outcome], output: OutputFormat) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.setting.encoding.format is output]


def _order(aim: Aim, outcome: Outcome) -> tuple[bool, float]:
    return not aim.allows(outcome), aim.value(outcome)


def _with_more_cpu(aim: Aim, outcomes: Iterable[Outcome], pick: Outcome) -> Iterator[Outcome]:
    """Give what has fewer bytes than the pick at the aim's quality, for ever more CPU time."""
    least_score = pick.mean_score if aim.least_score is None else aim.least_score
    least = pick
    known = [one for one in outcomes if one.mean_score >= least_score]
    for limit in _CPU_LIMITS:
        able = [one for one in known if one.cpu_ratio <= limit and one.mean_bytes < least.mean_bytes]
        if able:
            least = min(able, key=lambda one: one.mean_bytes)
            yield least
