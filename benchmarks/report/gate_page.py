"""The page: one file that holds everything, the thumbnails then and now side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.gate import wording
from benchmarks.gate.verdict import Metric, Outcome
from benchmarks.report import TEMPLATES
from benchmarks.report.gate_difference import TIMES, difference
from harness.plotting.images import embedded
from harness.plotting.palette import PAGE
from harness.plotting.templating import templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.gate.baseline import Baseline
    from benchmarks.gate.snapshot import Observation
    from benchmarks.gate.verdict import Check, PictureVerdict, Verdict
    from harness.plotting.images import Shown


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure in words."""

    name: str
    figure: str
    then: str
    now: str
    difference: str
    limit: str
    regressed: bool


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One picture with its two thumbnails; `style` is the CSS class that holds them."""

    name: str
    style: str
    outcome: str
    remark: str
    then: Shown | None
    now: Shown | None
    difference: Shown | None
    rows: list[Row]


def render(
    verdict: Verdict, baseline: Baseline, *, images_then: Mapping[str, bytes], observation: Observation
) -> str:
    """Make the page."""
    exhibits = list(_exhibits(verdict, images_then, observation.images))
    return (
        templates(TEMPLATES)
        .get_template("gate.html.j2")
        .render(
            verdict=verdict,
            headline=wording.headline(verdict),
            advice=wording.advice(verdict).capitalize(),
            command=wording.command(verdict),
            changes=wording.changes(verdict),
            nothing_changed=wording.NOTHING_CHANGED,
            whole=[
                _row("whole set", wording.whole_name(check), check) for check in _red_first(verdict.whole)
            ],
            red=[exhibit for exhibit in exhibits if exhibit.outcome != Outcome.HELD],
            changed=[exhibit for exhibit in exhibits if exhibit.outcome == Outcome.HELD and exhibit.then],
            held=[row for entry in verdict.of(Outcome.HELD) for row in _rows(entry)],
            history=[wording.acceptance(entry) for entry in reversed(baseline.history)],
            observation=observation,
            difference_times=TIMES,
            page_colours=PAGE,
        )
    )


def _exhibits(verdict: Verdict, then: Mapping[str, bytes], now: Mapping[str, bytes]) -> Iterator[Exhibit]:
    red = [*verdict.of(Outcome.MISSING), *verdict.worst_first()]
    # Of those that held only the ones that are not the very same file.
    others = [entry for entry in verdict.of(Outcome.HELD) if then.get(entry.name) != now.get(entry.name)]
    for number, entry in enumerate([*red, *others]):
        before, after = then.get(entry.name), now.get(entry.name)
        yield Exhibit(
            name=entry.name,
            style=f"t{number}",
            outcome=entry.outcome,
            remark=wording.remark(entry),
            then=_shown(before),
            now=_shown(after),
            difference=_shown(difference(before, after)) if before and after else None,
            rows=_rows(entry),
        )


def _shown(image: bytes | None) -> Shown | None:
    return embedded(image) if image else None


def _rows(entry: PictureVerdict) -> list[Row]:
    # A size that did not change is not worth a line.
    checks = [check for check in entry.checks if check.metric is not Metric.PIXELS or check.regressed]
    return [_row(entry.name, check.metric.value, check) for check in checks]


def _red_first(checks: Sequence[Check]) -> list[Check]:
    return sorted(checks, key=lambda check: not check.regressed)


def _row(name: str, figure: str, check: Check) -> Row:
    return Row(
        name=name,
        figure=figure,
        then=wording.value(check.metric, check.then),
        now=wording.value(check.metric, check.now),
        difference=wording.difference(check),
        limit=wording.limit(check),
        regressed=check.regressed,
    )
