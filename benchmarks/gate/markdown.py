"""The verdict as Markdown, for a pull request's summary: what is red in a table, the rest folded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchmarks.gate import wording
from benchmarks.gate.verdict import Metric, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.gate.verdict import Check, PictureVerdict, Verdict

_HEAD = ("| | figure | then | now | change | allowed |", "|---|---|--:|--:|--:|--:|")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#])")


def to_markdown(verdict: Verdict) -> str:
    """Write the summary."""
    lines = [f"### Thumbnails of {_escaped(verdict.function)}: {_escaped(wording.headline(verdict))}", ""]
    lines += [*_HEAD, *_whole(verdict), *_red(verdict), ""]
    lines += [f"- not compared: {entry.metric}: {_escaped(entry.reason)}" for entry in verdict.not_compared]
    lines += [""] if verdict.not_compared else []
    lines += _changes(verdict)
    if command := wording.command(verdict):
        lines += [f"{wording.advice(verdict).capitalize()}: `{command}`.", ""]
    lines += _held(verdict)
    return "\n".join(lines).rstrip() + "\n"


def unjudged_to_markdown(reason: str) -> str:
    """Write that nothing could be judged."""
    return f"### Thumbnails: cannot judge\n\n{_escaped(reason)}\n"


def _whole(verdict: Verdict) -> Iterator[str]:
    for check in sorted(verdict.whole, key=lambda check: not check.regressed):
        yield _row("whole set", wording.whole_name(check), check)


def _red(verdict: Verdict) -> Iterator[str]:
    for entry in verdict.of(Outcome.MISSING):
        yield f"| {_escaped(entry.name)} | **missing**: {_escaped(wording.remark(entry))} | | | | |"
    for entry in verdict.worst_first():
        for check in entry.regressions:
            remark = f"<br>{wording.remark(entry)}" if entry.bought and check.metric is Metric.SCORE else ""
            yield _row(entry.name, f"{check.metric}{remark}", check)


def _held(verdict: Verdict) -> list[str]:
    held = verdict.of(Outcome.HELD)
    if not held:
        return []
    rows = [_row(entry.name, check.metric.value, check) for entry in held for check in _shown(entry)]
    count = f"{len(held)} of {len(verdict.pictures)} pictures held"
    return [f"<details><summary>{count}</summary>", "", *_HEAD, *rows, "", "</details>"]


def _shown(entry: PictureVerdict) -> list[Check]:
    return [check for check in entry.checks if not isinstance(check.then, tuple)]


def _changes(verdict: Verdict) -> list[str]:
    if not (told := wording.changes(verdict)):
        return []
    title = f"Changed since the baseline of {verdict.baseline_date}:"
    return [title, "", *(f"- {_escaped(text)}" for text in told), ""]


def _row(name: str, figure: str, check: Check) -> str:
    cells = [
        _escaped(name),
        f"**regressed** {figure}" if check.regressed else figure,
        wording.value(check.metric, check.then),
        wording.value(check.metric, check.now),
        wording.difference(check),
        wording.limit(check),
    ]
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("\n", " ")
