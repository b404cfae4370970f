"""What one tunes for: what a setting is worth, what it saves, whether it meets the aim, and which is best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from statistics import fmean
from typing import Final

from benchmarks.bench import prices
from benchmarks.tuning.setting import Setting
from benchmarks.tuning.trial import Trial

# How far the CPU ratio of a search, of few rounds, may be from the true one.
CPU_SLACK: Final = 0.06
# The same for many rounds: a ratio within it is not surely less than today's.
_CPU_SPREAD: Final = 0.03
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: 1,769 MB are one vCPU.
_MB_PER_CORE: Final = 1769


@dataclass(frozen=True, kw_only=True)
class TriedSetting:
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
        """The mean encode CPU time on the machine that measured it."""
        return fmean(trial.cpu_ms for trial in self.trials.values())


def front(tried: Iterable[TriedSetting]) -> list[TriedSetting]:
    """Return those that no other beats in both bytes and score, fewest bytes first."""
    best: list[TriedSetting] = []
    for one in sorted(tried, key=lambda one: (one.mean_bytes, -one.mean_score, one.cpu_ratio)):
        if not best or one.mean_score > best[-1].mean_score:
            best.append(one)
    return best


def without_twins(tried: Iterable[TriedSetting]) -> list[TriedSetting]:
    """Leave out settings with the same files as a plainer one: a switch may do nothing beside another."""
    plainest: dict[tuple[float, float], TriedSetting] = {}
    for one in sorted(tried, key=lambda one: len(one.setting.variables)):
        plainest.setdefault((one.mean_bytes, one.mean_score), one)
    return list(plainest.values())


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """How many thumbnails are viewed and made in a month, and the memory of the function that makes them."""

    views: int
    uploads: int
    memory_mb: int = 512


@dataclass(frozen=True, kw_only=True)
class Savings(Traffic):
    """What a pick saves with this traffic; below zero it costs more.

    Lambda's part is computed from the CPU time of the tuning machine.
    """

    bytes_per_thumbnail: float
    percent: float
    cpu_ms_per_thumbnail: float
    delivery_usd_a_month: float
    lambda_usd_a_month: float

    @property
    def usd_a_month(self) -> float:
        """Both together."""
        return self.delivery_usd_a_month + self.lambda_usd_a_month


def savings(today: TriedSetting, other: TriedSetting, traffic: Traffic) -> Savings:
    """Compute what another setting saves: bytes a thumbnail, and US dollars a month."""
    fewer = today.mean_bytes - other.mean_bytes
    # By the ratio: the two may have been measured at different times.
    cpu_ms = today.mean_cpu_ms * (1 - other.cpu_ratio)
    # A function of 512 MB has 0.289 of a core, so it takes that much longer on the clock.
    cores = min(1.0, traffic.memory_mb / _MB_PER_CORE)
    return Savings(
        **asdict(traffic),
        bytes_per_thumbnail=fewer,
        percent=100 * fewer / today.mean_bytes,
        cpu_ms_per_thumbnail=cpu_ms,
        delivery_usd_a_month=prices.usd_of_delivery(traffic.views, size_bytes=fewer),
        lambda_usd_a_month=prices.usd_of_computing(
            traffic.uploads, milliseconds=cpu_ms / cores, memory_mb=traffic.memory_mb
        ),
    )


class Goal(StrEnum):
    """What the search makes as small, or as good, as it can."""

    BYTES = "bytes"
    QUALITY = "quality"
    COST = "cost"
    SCORE = "target-score"


@dataclass(frozen=True, kw_only=True)
class Aim:
    """A goal and its limits; `today` is the setting that all others are compared with."""

    goal: Goal
    today: TriedSetting
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

    def allows(self, tried: TriedSetting, *, cpu_slack: float = -_CPU_SPREAD) -> bool:
        """Say whether a setting stays within the limits."""
        enough = self.least_score is None or tried.mean_score >= self.least_score
        if self.goal is Goal.COST:
            return enough
        small = self.goal is not Goal.QUALITY or tried.mean_bytes <= self.today.mean_bytes
        quick = tried.cpu_ratio <= 1.0 + cpu_slack or tried.setting == self.today.setting
        return enough and small and quick

    def value(self, tried: TriedSetting) -> float:
        """Return what the search minimises."""
        if self.goal is Goal.QUALITY:
            return -tried.mean_score
        if self.goal is Goal.COST:
            return -savings(self.today, tried, self.traffic).usd_a_month
        return tried.mean_bytes


def ranked(aim: Aim, tried: Iterable[TriedSetting]) -> list[TriedSetting]:
    """Return those that may meet the aim, best first; CPU time, of few rounds, is not taken strictly."""
    known = without_twins(tried)
    allowed = [one for one in known if aim.allows(one, cpu_slack=CPU_SLACK)]
    if not allowed and aim.least_score is not None:
        # The score is what was asked for; the pick is then printed with the CPU time that it takes.
        enough = [one for one in known if one.mean_score >= aim.least_score]
        return sorted(enough, key=lambda one: (one.cpu_ratio, aim.value(one)))
    return sorted(allowed, key=lambda one: (aim.value(one), one.cpu_ratio))
