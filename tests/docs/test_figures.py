"""What the docs quote from code is what the code says."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from benchmarks.gate.baseline import Thresholds
from fixtures.pictures import READABLE, REFUSED
from harness.sandbox.canary import DIES_MB, LIVES_MB
from resizer.settings import Settings

_PROJECT = Path(__file__).parents[2]


def _text(page: str) -> str:
    return " ".join((_PROJECT / page).read_text().split())


def _constant(source: str, name: str) -> str:
    found = re.search(
        rf"^\s*\"?{name}\"?\s*(?::[^=\n]+)?[=:]\s*(.+?),?$", _text_of(source), flags=re.MULTILINE
    )
    assert found, f"{source} has no {name}"
    return found[1].strip('"')


def _text_of(source: str) -> str:
    return (_PROJECT / source).read_text()


def test_the_application_page_has_the_number_of_deletions_of_its_scenario() -> None:
    deletions = _constant("scenarios/delete/test_delete.py", "_DELETIONS")

    assert f"A scenario deletes {deletions} photos" in _text("docs/application.md")


def test_the_architecture_page_has_the_pauses_before_retries() -> None:
    first = float(_constant("harness/targets/embedded/target.py", "LAMBDA_ASYNC_RETRY_BASE_SECONDS"))

    # MiniStack waits twice as long before the second.
    assert f"{first:g} and {2 * first:g} s" in _text("docs/architecture.md")


def test_the_pages_name_the_localstack_that_compose_starts() -> None:
    version = re.search(r"localstack/localstack:([\d.]+)", _text_of("docker-compose.yml"))

    assert version
    for page in ("README.md", "docs/localstack.md"):
        assert f"LocalStack {version[1]}" in _text(page).replace(
            "[LocalStack](https://github.com/localstack/localstack)", "LocalStack"
        )


def test_the_readme_counts_the_pictures() -> None:
    assert f"**The pictures** are {len(READABLE)} readable ones" in _text("README.md")
    assert f"{len(REFUSED)} further pictures must be refused" in _text("README.md")


@pytest.mark.parametrize("threshold", [entry.name for entry in fields(Thresholds)])
def test_the_gate_page_has_each_threshold(threshold: str) -> None:
    row = next(line for line in _text_of("docs/gate-your-own.md").splitlines() if f"`{threshold}`" in line)
    allowed = getattr(Thresholds(), threshold)

    assert f"more than {allowed:g} {'point' if threshold == 'score_points' else '%'}" in row


def test_the_function_page_has_the_defaults() -> None:
    defaults = Settings.from_env({"BUCKET_NAME": "photos"})
    page = _text("docs/function.md")

    assert f"| `THUMBNAIL_SIZE` | {defaults.size} |" in page
    assert f"| `SOURCE_PREFIX` | `{defaults.source_prefix}` |" in page
    assert f"| `DESTINATION_PREFIX` | `{defaults.destination_prefix}` |" in page
    assert f"| `MAX_PIXELS` | {defaults.max_pixels:,} |" in page
    assert (
        f"| {defaults.encoding.quality}, {defaults.encoding.effort}, `{defaults.encoding.format}` |" in page
    )


def test_the_readme_shows_scenarios_that_there_are() -> None:
    shown = re.findall(r"^(\w+): ([A-Z].*?) {2,}\d+ passed", _text_of("README.md"), flags=re.MULTILINE)

    assert len(shown) >= 8
    for feature, sentence in shown:
        sources = "".join(path.read_text() for path in (_PROJECT / "scenarios" / feature).glob("test_*.py"))
        assert f'"""{sentence}' in sources, sentence


def test_the_readme_quotes_the_limits_that_each_run_proves() -> None:
    assert f"a function that allocates {LIVES_MB} MB must live, one that allocates {DIES_MB} MB must die" in (
        _text("README.md")
    )
