"""What the gate says of a run, as data: a status for each picture, and a check for each figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import TypeAlias

from benchmarks.gate.snapshot import ThumbnailFigures

Value: TypeAlias = float | tuple[int, int]


class GateStatus(StrEnum):
    """How a picture or a figure stands to the baseline."""

    HELD = "held"
    REGRESSED = "regressed"
    MISSING = "missing"


class Metric(StrEnum):
    """What is compared; the value is its name for people."""

    BYTES = "bytes"
    SCORE = "SSIMULACRA2"
    PIXELS = "pixel size"
    MEMORY = "peak memory"
    PACKAGE = "package"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One figure then and now; `limit` is in percent, for the score in points."""

    metric: Metric
    then: Value
    now: Value
    limit: float
    regressed: bool

    @property
    def worse_by(self) -> float:
        """How much worse it got, in its own unit; infinitely for another pixel size."""
        if isinstance(self.then, tuple) or isinstance(self.now, tuple):
            return inf if self.regressed else 0.0
        return self.then - self.now if self.metric is Metric.SCORE else self.now - self.then

    @property
    def severity(self) -> float:
        """How many times its limit it got worse."""
        unit = 1.0 if self.metric is Metric.SCORE or isinstance(self.then, tuple) else self.then / 100
        return self.worse_by / (unit * self.limit) if unit * self.limit else inf


@dataclass(frozen=True, kw_only=True)
class PictureVerdict:
    """One picture; a missing one has a reason, and may lack a thumbnail."""

    name: str
    status: GateStatus
    then: ThumbnailFigures | None
    now: ThumbnailFigures | None
    checks: tuple[Check, ...] = ()
    reason: str | None = None
    bought: bool = False
    """Fewer bytes were bought with a lower score."""

    @property
    def regressions(self) -> list[Check]:
        """The figures that got too much worse."""
        return [check for check in self.checks if check.regressed]

    @property
    def severity(self) -> float:
        """How bad the worst of them is."""
        return max((check.severity for check in self.regressions), default=0.0)


class ChangeKind(StrEnum):
    """What may have changed since the baseline; the value is its name for people."""

    SETTING = "setting"
    REQUIREMENT = "requirement"
    LIBRARY = "library"
    CODE = "function's files"
    RUNTIME = "runtime"
    PLATFORM = "platform"
    BUILD = "compiled libraries"
    PICTURE = "pictures"
    SCORER = "rig's scorer"


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that differs from the baseline; one side is None where it is new or gone."""

    kind: ChangeKind
    name: str
    then: str | None
    now: str | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Everything that the gate says of one run; `not_compared` has a reason for each figure left out."""

    function: str
    baseline_date: str
    whole: tuple[Check, ...]
    pictures: tuple[PictureVerdict, ...]
    not_compared: Mapping[Metric, str]
    changes: tuple[Change, ...]
    better: bool
    accept_command: str = 'nox -s gate -- --accept "why this is wanted"'

    @property
    def red(self) -> bool:
        """Whether something regressed or is missing."""
        return bool(self.regressions) or any(entry.status is not GateStatus.HELD for entry in self.pictures)

    @property
    def regressions(self) -> list[Check]:
        """The figures of the whole set that got too much worse."""
        return [check for check in self.whole if check.regressed]

    def worst_first(self) -> list[PictureVerdict]:
        """List the pictures that regressed, the worst on top."""
        return sorted(self.of(GateStatus.REGRESSED), key=lambda entry: -entry.severity)

    def of(self, status: GateStatus) -> list[PictureVerdict]:
        """List the pictures of one status."""
        return [entry for entry in self.pictures if entry.status is status]
