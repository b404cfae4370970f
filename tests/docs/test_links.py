"""Every page can be found from the index, and no link of a page leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_PROJECT = Path(__file__).parents[2]
_PAGES = sorted([*_PROJECT.glob("*.md"), *_PROJECT.glob("docs/*.md")])
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```", flags=re.DOTALL | re.MULTILINE)


def _links(page: Path) -> list[str]:
    found = _LINK.findall(_CODE.sub("", page.read_text()))
    return [link for link in found if not link.startswith(("https://", "http://", "mailto:"))]


def _anchors(page: Path) -> set[str]:
    """Name a page's headings as GitHub does."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in _PAGES])
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in _links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page

        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def test_the_index_lists_every_page_of_the_docs() -> None:
    index = _PROJECT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in _links(index)}

    assert {page for page in (_PROJECT / "docs").glob("*.md") if page != index} <= listed
    assert _PROJECT / "docs" / "README.md" in {
        (_PROJECT / link.partition("#")[0]).resolve() for link in _links(_PROJECT / "README.md")
    }


def test_the_layout_names_only_files_that_exist() -> None:
    page = (_PROJECT / "docs" / "architecture.md").read_text()
    names = set(re.findall(r"[\w/-]+\.(?:py|toml|yaml|yml)\b", page))
    folders = ("harness", "benchmarks", "resizer", "scenarios", "fixtures", "infra", "contenders")
    known = {path.name for folder in folders for path in (_PROJECT / folder).rglob("*")}
    known |= {path.name for path in _PROJECT.iterdir()}

    assert names
    assert not {name for name in names if Path(name).name not in known}
    assert not {name for name in names if "/" in name and not list(_PROJECT.rglob(name))}


def test_a_page_names_every_command() -> None:
    sessions = re.findall(
        r"^@nox\.session.*\ndef (\w+)", (_PROJECT / "noxfile.py").read_text(), flags=re.MULTILINE
    )
    pages = "\n".join(page.read_text() for page in _PAGES)

    assert sessions
    assert not [name for name in sessions if f"nox -s {name}" not in pages]
