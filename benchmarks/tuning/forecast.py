"""What `nox -s gate` will say once a setting is in use, as far as bytes and scores tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.gate.baseline import Thresholds
from benchmarks.gate.compare import fell, grew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.tuning.outcome import Outcome

# Those that stand in a baseline where nobody has changed them.
_THRESHOLDS = Thresholds()


def forecast(today: Outcome, pick: Outcome) -> str:
    """Say in a sentence what is red and why, or that nothing is."""
    percent = 100 * (pick.mean_bytes / today.mean_bytes - 1)
    points = pick.mean_score - today.mean_score
    whole = f"bytes {percent:+.1f} %, mean score {points:+.1f} over {len(today.trials)} pictures"
    reasons = list(_reasons(today, pick))
    if reasons:
        return f"red ({whole}): {'; '.join(reasons)}"
    if percent < 0 and points >= 0:
        return f"green and better ({whole}): take it as the new baseline with --accept"
    return f"green ({whole})"


def _reasons(today: Outcome, pick: Outcome) -> Iterator[str]:
    limits = _THRESHOLDS
    if worse := [name for name in today.trials if _fell(today, pick, name)]:
        yield f"the score falls by more than {limits.score_points:g} for {', '.join(worse)}"
    if larger := [name for name in today.trials if _grew(today, pick, name)]:
        yield f"bytes grow by more than {limits.bytes_percent:g} % for {', '.join(larger)}"
    if fell(today.mean_score, pick.mean_score, limit_points=limits.score_points):
        yield f"the mean score falls by more than {limits.score_points:g}"
    if grew(today.mean_bytes, pick.mean_bytes, limit_percent=limits.set_bytes_percent):
        yield f"bytes of the whole set grow by more than {limits.set_bytes_percent:g} %"


def _grew(today: Outcome, pick: Outcome, name: str) -> bool:
    sizes = today.trials[name].size_bytes, pick.trials[name].size_bytes
    return grew(*sizes, limit_percent=_THRESHOLDS.bytes_percent)


def _fell(today: Outcome, pick: Outcome, name: str) -> bool:
    scores = today.trials[name].ssimulacra2, pick.trials[name].ssimulacra2
    return fell(*scores, limit_points=_THRESHOLDS.score_points)
