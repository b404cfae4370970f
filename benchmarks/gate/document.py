"""The verdict as JSON, for programs: units in the names, a version in `format`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.gate import wording
from benchmarks.gate.verdict import Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.gate.verdict import Change, Check, PictureVerdict, Value, Verdict

FORMAT = "thumbrig-gate/1"

_NAMES = {
    Metric.BYTES: "size_bytes",
    Metric.SCORE: "ssimulacra2",
    Metric.PIXELS: "size_pixels",
    Metric.MEMORY: "peak_memory_bytes",
    Metric.PACKAGE: "package_unzipped_bytes",
}


def to_json(verdict: Verdict) -> str:
    """Write the whole verdict."""
    document = {
        "format": FORMAT,
        "function": verdict.function,
        "baseline_date": verdict.baseline_date,
        "outcome": "regressed" if verdict.red else "held",
        "better": verdict.better,
        "headline": wording.headline(verdict),
        "whole_set": _checks(verdict.whole),
        "pictures": [_picture(entry) for entry in verdict.pictures],
        "not_compared": [
            {"figure": _NAMES[entry.metric], "reason": entry.reason} for entry in verdict.not_compared
        ],
        "changes": [_change(entry) for entry in verdict.changes],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _picture(entry: PictureVerdict) -> dict[str, Any]:
    return {
        "name": entry.name,
        "outcome": entry.outcome.value,
        "reason": entry.reason,
        "fewer_bytes_bought_with_a_lower_score": entry.bought,
        "figures": _checks(entry.checks),
    }


def _checks(checks: Iterable[Check]) -> dict[str, dict[str, Any]]:
    return {_NAMES[check.metric]: dict(_check(check)) for check in checks}


def _check(check: Check) -> Iterator[tuple[str, Any]]:
    yield "then", _plain(check.then)
    yield "now", _plain(check.now)
    if check.metric is not Metric.PIXELS:
        yield "limit_points" if check.metric is Metric.SCORE else "limit_percent", check.limit
    yield "regressed", check.regressed


def _plain(value: Value) -> float | list[int]:
    return list(value) if isinstance(value, tuple) else value


def _change(entry: Change) -> dict[str, Any]:
    return {"subject": entry.subject.value, "name": entry.name, "then": entry.then, "now": entry.now}
