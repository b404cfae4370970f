"""Measures the strategies for the gap between upload and thumbnail; writes JSON, and the table of their page.

With `--docs docs/not-ready-yet.md` the table goes between the page's two markers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

import click

from benchmarks.bench.machine import cpu_model
from fixtures.pictures import picture
from harness.cdn.edge import edge
from harness.files import Markers, replace_file
from harness.observe.outcome import DeployedApplication
from harness.observe.viewer import Viewer
from harness.package.function import FunctionFolder
from harness.targets.embedded.target import embedded_target
from scenarios.gap.strategies import POLL_SECONDS, STRATEGIES, Page, VisitResult, put_placeholder

PROJECT: Final = Path(__file__).parents[2]
FORMAT_VERSION: Final = 1
_MARKERS: Final = Markers("table")
_HEADINGS: Final = (
    "strategy",
    "first correct picture",
    "of which on the edge's clock",
    "viewer requests",
    "origin requests",
    "backend's checks",
    "errors seen",
    "placeholders seen",
)


@dataclass(frozen=True, kw_only=True)
class StrategyResult:
    """A strategy's outcomes, one an upload."""

    name: str
    title: str
    outcomes: Sequence[VisitResult]

    def median(self, field: str) -> float:
        """Return the median of one figure."""
        values: list[float] = [getattr(outcome, field) for outcome in self.outcomes]
        return median(values)


@click.command("gap")
@click.option(
    "--uploads", type=click.IntRange(min=1), default=9, show_default=True, help="Uploads for each strategy."
)
@click.option(
    "--json", "json_path", type=Path, default=PROJECT / "reports" / "gap.json", help="File for the results."
)
@click.option("--docs", type=Path, help="Page whose markers the table goes between.")
def command(*, uploads: int, json_path: Path, docs: Path | None) -> None:
    """Measure every strategy with the reference photo on the embedded target."""
    if docs:
        # A page without markers is refused before anything is measured.
        _MARKERS.inserted(docs, "")
    results = measure(uploads)
    text = markdown(results)
    json_path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(json_path, to_json(results))
    click.echo(text)
    if docs:
        replace_file(docs, _MARKERS.inserted(docs, text + "\n"))


def measure(uploads: int) -> list[StrategyResult]:
    """Run all strategies in turn, so that a slow moment of the machine meets each of them."""
    function = FunctionFolder.load(PROJECT / "resizer")
    outcomes: dict[str, list[VisitResult]] = {name: [] for name in STRATEGIES}
    with embedded_target(function, cache=PROJECT / ".cache" / "packages") as target:
        deployment = target.deploy()
        with edge(deployment) as running, Viewer(running) as viewer:
            application = DeployedApplication(deployment, edge=running)
            page = Page(application, running, viewer, picture("reference.jpg").data())
            put_placeholder(deployment)
            for _ in range(uploads):
                for name, strategy in STRATEGIES.items():
                    outcomes[name].append(page.cross(strategy)[1])
    return [
        StrategyResult(name=name, title=strategy.title, outcomes=outcomes[name])
        for name, strategy in STRATEGIES.items()
    ]


def markdown(results: Sequence[StrategyResult]) -> str:
    """Draw the table, fastest first, and say what was measured."""
    ranked = sorted(results, key=lambda result: result.median("first_picture_seconds"))
    lines = [f"| {' | '.join(_HEADINGS)} |", f"|---|{'--:|' * (len(_HEADINGS) - 1)}", *map(_line, ranked)]
    held = (
        f"Medians of {len(results[0].outcomes)} warm uploads of the reference photo, with a page that asks "
        f"every {POLL_SECONDS * 1000:.0f} ms, on the embedded target ({cpu_model()})."
    )
    return "\n".join([*lines, "", held])


def to_json(results: Sequence[StrategyResult]) -> str:
    """Write every outcome, for other programs."""
    found = {
        "format_version": FORMAT_VERSION,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": cpu_model(),
        "poll_seconds": POLL_SECONDS,
        "strategies": [asdict(result) for result in results],
    }
    return json.dumps(found, indent=2) + "\n"


def _line(result: StrategyResult) -> str:
    medians = {field.name: result.median(field.name) for field in fields(VisitResult)}
    by_clock = medians["edge_clock_seconds"]
    counts = [f"{medians[name]:g}" for name in list(medians)[2:]]
    cells = [
        result.title,
        f"{medians['first_picture_seconds'] * 1000:,.0f} ms",
        f"{by_clock * 1000:,.0f} ms" if by_clock else "",
        *counts,
    ]
    return f"| {' | '.join(cells)} |"
