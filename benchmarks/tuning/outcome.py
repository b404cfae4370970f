"""What a setting is worth over all pictures, and which settings nothing else beats."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benchmarks.tuning.setting import Setting
    from benchmarks.tuning.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A setting and its trials, by the pictures' names."""

    setting: Setting
    trials: Mapping[str, Trial]

    @property
    def mean_bytes(self) -> float:
        """The mean size of a thumbnail."""
        return fmean(trial.size_bytes for trial in self.trials.values())

    @property
    def mean_score(self) -> float:
        """The mean of SSIMULACRA2."""
        return fmean(trial.ssimulacra2 for trial in self.trials.values())

    @property
    def cpu_ratio(self) -> float:
        """The encode CPU time as a multiple of what today's setting took in the same runs."""
        return sum(trial.cpu_ms for trial in self.trials.values()) / sum(
            trial.today_cpu_ms for trial in self.trials.values()
        )

    @property
    def mean_cpu_ms(self) -> float:
        """The mean encode CPU time, of the machine that measured it."""
        return fmean(trial.cpu_ms for trial in self.trials.values())


def front(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Give those with no other of at most as many bytes and at least the score; fewest bytes first."""
    best: list[Outcome] = []
    for outcome in sorted(outcomes, key=lambda one: (one.mean_bytes, -one.mean_score, one.cpu_ratio)):
        if not best or outcome.mean_score > best[-1].mean_score:
            best.append(outcome)
    return best


def without_twins(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Leave out who has the same files as a plainer setting: a switch may mean nothing beside another."""
    plainest: dict[tuple[float, float], Outcome] = {}
    for outcome in sorted(outcomes, key=lambda one: len(one.setting.variables)):
        plainest.setdefault((outcome.mean_bytes, outcome.mean_score), outcome)
    return list(plainest.values())
