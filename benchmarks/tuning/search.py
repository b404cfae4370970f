"""From a coarse grid to the settings worth having: what is near the best is looked at more closely."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from benchmarks.tuning import space
from benchmarks.tuning.aim import CPU_SLACK
from benchmarks.tuning.outcome import without_twins

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.tuning.outcome import Outcome
    from benchmarks.tuning.setting import Setting
    from resizer.formats import OutputFormat

# How much one point of score costs near a thumbnail's usual quality: about 5 % of its bytes, in every format.
_BYTES_A_POINT: Final = 0.05
# Parents are looked for this near to the wanted score, and to today's bytes.
_WINDOW_POINTS: Final = 4.0
# The best of those clearly quicker than today's setting, of those about as quick, and of slower ones.
_CPU_CAPS: Final = (0.8, 1.0 + CPU_SLACK, 5.0)

_QUALITY_STEPS: Final = (4, 2, 1, 1, 1, 1, 1, 1)
_QUICK_STEPS: Final = (3, 1)


class Evaluate(Protocol):
    """Whoever finds out what settings are worth."""

    def __call__(self, settings: Sequence[Setting], /, *, stage: str) -> list[Outcome]:
        """Give an outcome for each setting, in their order."""


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How far a search goes: the steps of quality, a round each, and how many parents each round has."""

    quality_steps: Sequence[int] = _QUALITY_STEPS
    parents: int = 2
    quick: bool = False


QUICK: Final = Depth(quality_steps=_QUICK_STEPS, parents=1, quick=True)
USUAL: Final = Depth()


def search(
    evaluate: Evaluate, formats: Sequence[OutputFormat], *, today: Outcome, score: float | None, depth: Depth
) -> list[Outcome]:
    """Evaluate a grid, then the neighbours of the best, until a round finds no new setting.

    The best are those that would have the fewest bytes at `score`; without one, at today's bytes.
    """
    grid = [setting for output in formats for setting in space.coarse(output, quick=depth.quick)]
    known = {outcome.setting: outcome for outcome in evaluate(grid, stage="coarse grid")}
    known[today.setting] = today
    rounds = len(depth.quality_steps)
    for number, step in enumerate(depth.quality_steps, 1):
        parents = list(_parents(known.values(), formats, today=today, score=score, most=depth.parents))
        fresh = list(dict.fromkeys(new for new in _around(parents, step) if new not in known))
        # Near the end of the steps a round may find nothing; a coarser one before it must not end the search.
        if not fresh and step == min(depth.quality_steps):
            break
        stage = f"closer, round {number} of at most {rounds}"
        known |= {outcome.setting: outcome for outcome in evaluate(fresh, stage=stage)}
    return list(known.values())


def _around(parents: Iterable[Outcome], step: int) -> Iterator[Setting]:
    for parent in parents:
        yield from space.neighbours(parent.setting, quality_step=step)


def _parents(
    outcomes: Iterable[Outcome],
    formats: Sequence[OutputFormat],
    *,
    today: Outcome,
    score: float | None,
    most: int,
) -> Iterator[Outcome]:
    """Choose whose neighbours to try, in each format and within each cap on CPU time.

    The most promising, by what they would take at the wanted score, may all fall a little short of it; so the
    best of those that do reach it is a parent as well.
    """
    goal = today.mean_score if score is None else score

    def promise(outcome: Outcome) -> tuple[float, float]:
        return _points_beyond_window(outcome, today, score), _bytes_at(outcome, goal)

    known = without_twins(outcomes)
    for output, cap in itertools.product(formats, _CPU_CAPS):
        able = [one for one in known if one.setting.encoding.format is output and one.cpu_ratio <= cap]
        yield from sorted(able, key=promise)[:most]
        yield from _reaching(able, today, score)[:1]


def _reaching(outcomes: Iterable[Outcome], today: Outcome, score: float | None) -> list[Outcome]:
    """Give those that reach the score, fewest bytes first; or those within today's bytes, best first."""
    if score is None:
        small = [outcome for outcome in outcomes if outcome.mean_bytes <= today.mean_bytes]
        return sorted(small, key=lambda outcome: -outcome.mean_score)
    enough = [outcome for outcome in outcomes if outcome.mean_score >= score]
    return sorted(enough, key=lambda outcome: outcome.mean_bytes)


def _points_beyond_window(outcome: Outcome, today: Outcome, score: float | None) -> float:
    """Say how far a setting is from where parents are looked for; nothing if it is there."""
    if score is None:
        distance = abs(math.log(outcome.mean_bytes / today.mean_bytes)) / _BYTES_A_POINT
    else:
        distance = abs(outcome.mean_score - score)
    return max(0.0, distance - _WINDOW_POINTS)


def _bytes_at(outcome: Outcome, score: float) -> float:
    """Reckon how many bytes a setting would take if its quality were turned to that score."""
    return outcome.mean_bytes * math.exp(_BYTES_A_POINT * (score - outcome.mean_score))
