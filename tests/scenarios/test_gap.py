from __future__ import annotations

import json
from pathlib import Path

from scenarios.gap.measure import StrategyResult, markdown, to_json
from scenarios.gap.strategies import STRATEGIES, VisitResult


def _outcome(seconds: float, *, edge_clock_seconds: float = 0.0, errors_seen: int = 0) -> VisitResult:
    return VisitResult(
        first_picture_seconds=seconds,
        edge_clock_seconds=edge_clock_seconds,
        viewer_requests=errors_seen + 1,
        origin_requests=2,
        bucket_requests=0,
        errors_seen=errors_seen,
        placeholders_seen=0,
    )


_SLOW = StrategyResult(
    name="naive", title="ask the CDN", outcomes=[_outcome(10.1, edge_clock_seconds=9.9, errors_seen=90)]
)
_FAST = StrategyResult(
    name="bucket", title="look into the bucket", outcomes=[_outcome(s) for s in (0.3, 0.1, 0.2)]
)


def test_the_table_has_medians_fastest_first_and_says_what_is_clock_time() -> None:
    fast, slow = markdown([_SLOW, _FAST]).splitlines()[2:4]

    assert fast == "| look into the bucket | 200 ms |  | 1 | 2 | 0 | 0 | 0 |"
    assert slow == "| ask the CDN | 10,100 ms | 9,900 ms | 91 | 2 | 0 | 90 | 0 |"


def test_the_json_keeps_every_outcome_with_units() -> None:
    stored = json.loads(to_json([_FAST]))

    assert stored["format_version"] == 1
    assert [one["first_picture_seconds"] for one in stored["strategies"][0]["outcomes"]] == [0.3, 0.1, 0.2]


def test_the_page_has_a_row_for_each_strategy(project: Path) -> None:
    page = (project / "docs" / "not-ready-yet.md").read_text()

    assert all(f"| {strategy.title} |" in page for strategy in STRATEGIES.values())
