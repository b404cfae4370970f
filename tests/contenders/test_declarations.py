from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from fixtures.pictures import ALL
from harness.package.function import FunctionFolder

_CONTENDERS = ("pillow-first-try", "sharp")


@pytest.mark.parametrize("name", _CONTENDERS)
def test_what_a_contender_cannot_do_is_something_that_is_tried(project: Path, name: str) -> None:
    sources = [path.read_text() for path in (project / "scenarios").rglob("test_*.py")]
    scenarios = {test for source in sources for test in re.findall(r"^def (test_\w+)", source, re.MULTILINE)}
    pictures = {picture.name for picture in ALL}

    declared = FunctionFolder.load(project / "contenders" / name).cannot

    assert declared.keys() <= scenarios | pictures


def test_the_first_try_has_the_resizer_s_own_pillow(project: Path) -> None:
    (first_try,) = FunctionFolder.load(project / "contenders" / "pillow-first-try").requirements
    resizer = tomllib.loads((project / "resizer" / "function.toml").read_text())

    assert first_try in resizer["package"]["requirements"]
