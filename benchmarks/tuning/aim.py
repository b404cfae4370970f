"""What one tunes for: which outcomes will do, and which of these is the best."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from benchmarks.tuning.outcome import without_twins
from benchmarks.tuning.savings import Traffic, savings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.tuning.outcome import Outcome

# How far the CPU ratio of a search, of few rounds, may be from the true one.
CPU_SLACK: Final = 0.06
# And that of many rounds: what lies within it is not surely less than today's.
_CPU_SPREAD: Final = 0.03


class Goal(StrEnum):
    """What is to be the least, or the most."""

    BYTES = "bytes"
    QUALITY = "quality"
    COST = "cost"
    SCORE = "target-score"


@dataclass(frozen=True, kw_only=True)
class Aim:
    """A goal, and what it must not cost; `today` is the outcome that it is held against."""

    goal: Goal
    today: Outcome
    traffic: Traffic
    target_score: float | None = None

    @property
    def least_score(self) -> float | None:
        """The mean score that a pick must reach, if it must."""
        if self.goal is Goal.QUALITY:
            return None
        return self.today.mean_score if self.target_score is None else self.target_score

    @property
    def text(self) -> str:
        """Say it in words."""
        return {
            Goal.BYTES: "fewest bytes at no less quality and no more encode CPU than today's setting",
            Goal.QUALITY: "best quality in no more bytes and no more encode CPU than today's setting",
            Goal.COST: "least USD a month at no less quality than today's setting",
            Goal.SCORE: f"fewest bytes at a mean SSIMULACRA2 of at least {self.target_score or 0:g},"
            " at no more encode CPU than today's setting if that can be",
        }[self.goal]

    def allows(self, outcome: Outcome, *, cpu_slack: float = -_CPU_SPREAD) -> bool:
        """Tell whether an outcome keeps within what the aim may cost."""
        enough = self.least_score is None or outcome.mean_score >= self.least_score
        if self.goal is Goal.COST:
            return enough
        small = self.goal is not Goal.QUALITY or outcome.mean_bytes <= self.today.mean_bytes
        quick = outcome.cpu_ratio <= 1.0 + cpu_slack or outcome.setting == self.today.setting
        return enough and small and quick

    def value(self, outcome: Outcome) -> float:
        """Give what is to be as little as can be."""
        if self.goal is Goal.QUALITY:
            return -outcome.mean_score
        if self.goal is Goal.COST:
            return -savings(self.today, outcome, self.traffic).usd_a_month
        return outcome.mean_bytes


def ranked(aim: Aim, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Give those that may well do, the best first; CPU time was not measured often enough to be strict."""
    known = without_twins(outcomes)
    allowed = [outcome for outcome in known if aim.allows(outcome, cpu_slack=CPU_SLACK)]
    if not allowed and aim.least_score is not None:
        # The score is what was asked for; then the CPU that it takes is told with the pick.
        enough = [outcome for outcome in known if outcome.mean_score >= aim.least_score]
        return sorted(enough, key=lambda outcome: (outcome.cpu_ratio, aim.value(outcome)))
    return sorted(allowed, key=lambda outcome: (aim.value(outcome), outcome.cpu_ratio))
