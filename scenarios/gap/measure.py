"""Measures the strategies for the gap between upload and thumbnail; writes JSON, and the table of their page.

`python -m scenarios.gap.measure --docs docs/not-ready-yet.md` puts the table between the page's two markers.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import click

from benchmarks.bench.machine import cpu_model
from fixtures.pictures import picture
from harness.cdn.edge import edge
from harness.errors import ThumbrigError
from harness.observe.outcome import DeployedApplication
from harness.observe.viewer import Viewer
from harness.package.function import FunctionFolder
from harness.targets.embedded.target import embedded_target
from scenarios.gap.gap_page import Page, put_placeholder
from scenarios.gap.strategies import POLL_SECONDS, STRATEGIES, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT: Final = Path(__file__).parents[2]
FORMAT_VERSION: Final = 1
_BEGIN: Final = "<!-- table: begin -->"
_END: Final = "<!-- table: end -->"
_HEADINGS: Final = (
    "strategy",
    "first correct picture",
    "of it on the edge's clock",
    "viewer requests",
    "origin requests",
    "backend's looks",
    "errors seen",
    "placeholders seen",
)


class NoMarkersError(ThumbrigError):
    """Raised when a page has no place for the table."""

    def __init__(self, page: Path) -> None:
        super().__init__(f"{page}: expected the lines {_BEGIN} and {_END}, the table goes between them")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A strategy's outcomes, one an upload."""

    name: str
    title: str
    outcomes: Sequence[Outcome]

    def median(self, field: str) -> float:
        """Give the median of one figure."""
        values: list[float] = [getattr(outcome, field) for outcome in self.outcomes]
        return median(values)


@click.command()
@click.option(
    "--uploads", type=click.IntRange(min=1), default=9, show_default=True, help="For each strategy."
)
@click.option("--json", "json_path", type=Path, default=PROJECT / "reports" / "gap.json", help="Its results.")
@click.option("--docs", type=Path, help="Page that takes the table between its markers.")
def main(*, uploads: int, json_path: Path, docs: Path | None) -> None:
    """Measure every strategy with the reference photo on the embedded target."""
    page = docs.read_text() if docs else None
    rows = measure(uploads)
    text = markdown(rows)
    json_path.parent.mkdir(parents=True, exist_ok=True)
    json_path.write_text(to_json(rows))
    click.echo(text)
    if docs and page is not None:
        docs.write_text(inserted(page, text, docs))


def measure(uploads: int) -> list[Row]:
    """Run all strategies in turn, so that a slow moment of the machine meets each of them."""
    function = FunctionFolder.load(PROJECT / "resizer")
    outcomes: dict[str, list[Outcome]] = {one.name: [] for one in STRATEGIES}
    with embedded_target(function, cache=PROJECT / ".cache" / "packages") as target:
        deployment = target.deploy()
        with edge(deployment) as running, Viewer(running) as browser:
            application = DeployedApplication(deployment, edge=running)
            page = Page(application, running, browser, picture("reference.jpg").data())
            put_placeholder(deployment)
            for _ in range(uploads):
                for one in STRATEGIES:
                    outcomes[one.name].append(page.cross(one)[1])
    return [Row(name=one.name, title=one.title, outcomes=outcomes[one.name]) for one in STRATEGIES]


def markdown(rows: Sequence[Row]) -> str:
    """Draw the table, fastest first, with what it holds for."""
    ranked = sorted(rows, key=lambda row: row.median("first_picture_seconds"))
    lines = [
        f"| {' | '.join(_HEADINGS)} |",
        f"|---|{'--:|' * (len(_HEADINGS) - 1)}",
        *(_line(row) for row in ranked),
    ]
    held = (
        f"Medians of {len(rows[0].outcomes)} warm uploads of the reference photo, a page that asks every "
        f"{POLL_SECONDS * 1000:.0f} ms, the embedded target on: {cpu_model()}."
    )
    return "\n".join([*lines, "", held])


def to_json(rows: Sequence[Row]) -> str:
    """Write every outcome, for other programs."""
    found = {
        "format_version": FORMAT_VERSION,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": cpu_model(),
        "poll_seconds": POLL_SECONDS,
        "strategies": [asdict(row) for row in rows],
    }
    return json.dumps(found, indent=2) + "\n"


def inserted(page: str, table: str, path: Path) -> str:
    """Put the table between a page's markers; raises NoMarkersError."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise NoMarkersError(path)
    return f"{before}{begin}\n{table}\n{end}{after}"


def _line(row: Row) -> str:
    medians = {field.name: row.median(field.name) for field in fields(Outcome)}
    by_clock = medians["edge_clock_seconds"]
    counts = [f"{medians[name]:g}" for name in list(medians)[2:]]
    cells = [
        row.title,
        f"{medians['first_picture_seconds'] * 1000:,.0f} ms",
        f"{by_clock * 1000:,.0f} ms" if by_clock else "",
        *counts,
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
