"""Prints the verdict for a person, and writes it to files: the page, JSON, JUnit XML, and Markdown."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from rich.table import Table
from rich.text import Text

from benchmarks.gate.baseline import Baseline
from benchmarks.gate.verdict import Check, GateStatus, Metric, Verdict
from benchmarks.gate.wording import FigureLine, VerdictWords, acceptance
from harness.console import console
from harness.errors import ThumbrigError

FORMAT = "thumbrig-gate/1"

_PAGE, _JSON, _JUNIT, _MARKDOWN = "index.html", "verdict.json", "junit.xml", "summary.md"
# https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary
_SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"

_COLOURS = {GateStatus.HELD: "green", GateStatus.REGRESSED: "red", GateStatus.MISSING: "yellow"}
_MARKDOWN_HEAD = ("| | figure | then | now | change | allowed |", "|---|---|--:|--:|--:|--:|")
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#])")
_JSON_NAMES = {
    Metric.BYTES: "size_bytes",
    Metric.SCORE: "ssimulacra2",
    Metric.PIXELS: "size_pixels",
    Metric.MEMORY: "peak_memory_bytes",
    Metric.PACKAGE: "package_unzipped_bytes",
}


class ReportsNotWrittenError(ThumbrigError):
    """Raised when reports cannot be written where they are wanted."""

    def __init__(self, folder: Path, reason: OSError) -> None:
        super().__init__(
            f"{folder}: expected a folder for the reports, cannot write there: {reason.strerror}; name"
            " another with --output"
        )


def clear(folder: Path) -> None:
    """Make the folder, without the reports of an earlier run."""
    with _written_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in (_PAGE, _JSON, _JUNIT, _MARKDOWN):
            (folder / name).unlink(missing_ok=True)


def write(verdict: Verdict, words: VerdictWords, folder: Path, *, page: str) -> Path:
    """Write every report, and return the page's path."""
    _write(folder, {_PAGE: page, _JSON: to_json(verdict, words), _JUNIT: to_junit(words)})
    _write_summary(folder, to_markdown(verdict, words))
    return folder / _PAGE


def write_unjudged(reason: str, folder: Path) -> None:
    """Write that nothing could be judged, for those who read the files only."""
    suite = ET.Element("testsuite", name="thumbrig gate", tests="1", failures="0", errors="1")
    case = ET.SubElement(suite, "testcase", classname="gate", name="judge")
    ET.SubElement(case, "error", type="cannot judge", message=reason)
    # A report that cannot be written must not hide why nothing was judged.
    with contextlib.suppress(ReportsNotWrittenError):
        _write(folder, {_JUNIT: _xml(suite)})
        _write_summary(folder, f"### Thumbnails: cannot judge\n\n{_escaped(reason)}\n")


def print_verdict(verdict: Verdict, words: VerdictWords, page: Path) -> None:
    """Print all that a reviewer needs before opening the page."""
    out = console()
    out.print(_table(words))
    for metric, reason in verdict.not_compared.items():
        out.print(Text(f"not compared: {metric}: {reason}", style="yellow"))
    if words.changes:
        out.print(f"\n[bold]changed since the baseline of {verdict.baseline_date}[/bold]")
        for line in words.changes:
            out.print(f"  {line}", markup=False, soft_wrap=True)
    colour = "red" if verdict.red else "green"
    out.print()
    out.print(Text(f"{colour}: {words.headline}", style=f"bold {colour}"))
    command = f": {words.command}" if words.command else ""
    out.print(f"{words.advice}{command}\n{page}", soft_wrap=True, markup=False)


def print_accepted(baseline: Baseline, path: Path) -> None:
    """Print what was accepted as the new baseline."""
    out, entry = console(), baseline.history[-1]
    out.print()
    for line in entry.took_in:
        out.print(f"taken in: {line}", soft_wrap=True, markup=False)
    out.print(f"accepted: {acceptance(entry)}\n{path}", soft_wrap=True, markup=False)


def to_json(verdict: Verdict, words: VerdictWords) -> str:
    """Write the whole verdict for programs."""
    document = {
        "format": FORMAT,
        "function": verdict.function,
        "baseline_date": verdict.baseline_date,
        "outcome": "regressed" if verdict.red else "held",
        "better": verdict.better,
        "headline": words.headline,
        "whole_set": _json_figures(verdict.whole),
        "pictures": [
            {
                "name": entry.name,
                "outcome": entry.status.value,
                "reason": entry.reason,
                "fewer_bytes_bought_with_a_lower_score": entry.bought,
                "figures": _json_figures(entry.checks),
            }
            for entry in verdict.pictures
        ],
        "not_compared": [
            {"figure": _JSON_NAMES[metric], "reason": why} for metric, why in verdict.not_compared.items()
        ],
        "changes": [
            {"subject": entry.kind.value, "name": entry.name, "then": entry.then, "now": entry.now}
            for entry in verdict.changes
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def to_junit(words: VerdictWords) -> str:
    """Write a test for each figure of the whole set and for each picture; a missing picture fails."""
    cases = [("whole set", line.figure, _failures([line])) for line in words.whole]
    cases += [
        ("picture", entry.name, _failures(entry.lines) + [entry.remark] * bool(entry.remark))
        for entry in sorted(words.missing + words.regressed + words.held, key=lambda entry: entry.name)
    ]
    failed = str(sum(bool(failures) for _, _, failures in cases))
    suite = ET.Element("testsuite", name="thumbrig gate", tests=str(len(cases)), failures=failed, errors="0")
    properties = ET.SubElement(suite, "properties")
    for number, text in enumerate(words.changes, start=1):
        ET.SubElement(properties, "property", name=f"changed {number}", value=text)
    for kind, name, failures in cases:
        case = ET.SubElement(suite, "testcase", classname=f"gate.{kind}", name=name)
        if failures:
            failure = ET.SubElement(case, "failure", type="regressed", message="; ".join(failures))
            failure.text = "\n".join([*failures, *words.changes])
    return _xml(suite)


def to_markdown(verdict: Verdict, words: VerdictWords) -> str:
    """Write a pull request's summary: what is red in a table, the rest folded."""
    lines = [
        f"### Thumbnails of {_escaped(verdict.function)}: {_escaped(words.headline)}",
        "",
        *_MARKDOWN_HEAD,
    ]
    lines += [_markdown_row(line) for line in words.whole]
    lines += [
        f"| {_escaped(entry.name)} | **missing**: {_escaped(entry.remark)} | | | | |"
        for entry in words.missing
    ]
    lines += [_markdown_row(line, remark) for line, remark in _regressions(words)]
    lines += ["", *(f"- not compared: {name}: {_escaped(why)}" for name, why in verdict.not_compared.items())]
    lines += [""] if verdict.not_compared else []
    if words.changes:
        title = f"Changed since the baseline of {verdict.baseline_date}:"
        lines += [title, "", *(f"- {_escaped(text)}" for text in words.changes), ""]
    if words.command:
        lines += [f"{words.advice.capitalize()}: `{words.command}`.", ""]
    if words.held:
        count = f"{len(words.held)} of {len(verdict.pictures)} pictures held"
        rows = [_markdown_row(line) for entry in words.held for line in entry.lines]
        lines += [f"<details><summary>{count}</summary>", "", *_MARKDOWN_HEAD, *rows, "", "</details>"]
    return "\n".join(lines).rstrip() + "\n"


def _table(words: VerdictWords) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("", "what", "figure"):
        table.add_column(head)
    for head in ("then", "now", "change", "allowed"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("")
    for entry in words.missing:
        table.add_row(_coloured(entry.status), Text(entry.name), *[""] * 5, Text(entry.remark))
    for line, remark in [*((line, "") for line in words.whole), *_regressions(words)]:
        table.add_row(_coloured(line.status), *map(Text, (line.name, line.figure, *line.cells, remark)))
    if words.held:
        held = f"{len(words.held)} of {len(words.missing + words.regressed + words.held)} pictures"
        table.add_row(_coloured(GateStatus.HELD), held, "every figure")
    return table


def _regressions(words: VerdictWords) -> Iterator[tuple[FigureLine, str]]:
    """List the figures of pictures that regressed, each picture's remark beside its score."""
    for entry in words.regressed:
        for line in entry.lines:
            if line.status is GateStatus.REGRESSED:
                yield line, entry.remark if line.figure == Metric.SCORE else ""


def _coloured(status: GateStatus) -> Text:
    return Text(status.value, style=_COLOURS[status])


def _json_figures(checks: Iterable[Check]) -> dict[str, dict[str, Any]]:
    return {_JSON_NAMES[check.metric]: dict(_json_figure(check)) for check in checks}


def _json_figure(check: Check) -> Iterator[tuple[str, Any]]:
    # A pixel size is a tuple, which JSON writes as a list.
    yield "then", check.then
    yield "now", check.now
    if check.metric is not Metric.PIXELS:
        yield "limit_points" if check.metric is Metric.SCORE else "limit_percent", check.limit
    yield "regressed", check.regressed


def _failures(lines: Sequence[FigureLine]) -> list[str]:
    return [line.sentence for line in lines if line.status is GateStatus.REGRESSED]


def _xml(suite: ET.Element) -> str:
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _markdown_row(line: FigureLine, remark: str = "") -> str:
    figure = f"**regressed** {line.figure}" if line.status is GateStatus.REGRESSED else line.figure
    figure += f"<br>{remark}" if remark else ""
    return f"| {' | '.join([_escaped(line.name), figure, *line.cells])} |"


def _escaped(text: str) -> str:
    return _MARKDOWN_SPECIAL.sub(r"\\\1", text).replace("\n", " ")


def _write_summary(folder: Path, text: str) -> None:
    _write(folder, {_MARKDOWN: text})
    if summary := os.environ.get(_SUMMARY_VARIABLE):
        # Other steps write to it, too.
        with _written_to(Path(summary)), Path(summary).open("a", encoding="utf-8") as file:
            file.write(text + "\n")


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    with _written_to(folder):
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _written_to(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise ReportsNotWrittenError(place, exc) from exc
