"""Writes the verdict to files: the page, JSON, JUnit XML, and Markdown for the pull request's summary."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.gate.document import to_json
from benchmarks.gate.junit import to_junit, unjudged_to_junit
from benchmarks.gate.markdown import to_markdown, unjudged_to_markdown
from benchmarks.report.gate_page import render
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.gate.baseline import Baseline
    from benchmarks.gate.snapshot import Observation
    from benchmarks.gate.verdict import Verdict

_PAGE, _JSON, _JUNIT, _MARKDOWN = "index.html", "verdict.json", "junit.xml", "summary.md"

# https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary
_SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"


class ReportsNotWrittenError(ThumbrigError):
    """Raised when reports cannot be written where they are wanted."""

    def __init__(self, folder: Path, reason: OSError) -> None:
        super().__init__(
            f"{folder}: expected a folder for the reports, cannot write there: {reason.strerror}; name"
            " another with --output"
        )


def clear(folder: Path) -> None:
    """Make the folder, without what an earlier run said."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (_PAGE, _JSON, _JUNIT, _MARKDOWN):
            (folder / name).unlink(missing_ok=True)
    except OSError as exc:
        raise ReportsNotWrittenError(folder, exc) from exc


def write(
    verdict: Verdict, baseline: Baseline, images: Mapping[str, bytes], observation: Observation, folder: Path
) -> Path:
    """Write every report, and return the page's path."""
    page = render(verdict, baseline, images_then=images, observation=observation)
    _write(folder, {_PAGE: page, _JSON: to_json(verdict), _JUNIT: to_junit(verdict)})
    _write_summary(folder, to_markdown(verdict))
    return folder / _PAGE


def write_unjudged(reason: str, folder: Path) -> None:
    """Write that nothing could be judged, for those who look at the files only."""
    # What could not be written is not to hide why nothing was judged.
    with contextlib.suppress(ReportsNotWrittenError):
        _write(folder, {_JUNIT: unjudged_to_junit(reason)})
        _write_summary(folder, unjudged_to_markdown(reason))


def _write_summary(folder: Path, text: str) -> None:
    _write(folder, {_MARKDOWN: text})
    if summary := os.environ.get(_SUMMARY_VARIABLE):
        try:
            # Other steps write to it, too.
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        except OSError as exc:
            raise ReportsNotWrittenError(Path(summary), exc) from exc


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as exc:
        raise ReportsNotWrittenError(folder, exc) from exc
