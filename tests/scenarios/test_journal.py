from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from scenarios.journal import scenario_name


def _item(path: Path, scenario: Callable[[], None]) -> pytest.Item:
    return cast(
        "pytest.Item", SimpleNamespace(path=path, nodeid=f"{path.name}::scenario[a case]", obj=scenario)
    )


def test_a_scenario_is_named_by_its_feature_and_the_first_line_of_its_docstring(tmp_path: Path) -> None:
    def scenario() -> None:
        """A thumbnail lands where its original's name says.

        More about it.
        """

    name = scenario_name(_item(tmp_path / "keys" / "test_keys.py", scenario))

    assert name == "keys: A thumbnail lands where its original's name says"


def test_a_scenario_without_a_docstring_is_refused_in_one_line(tmp_path: Path) -> None:
    item = _item(tmp_path / "keys" / "test_keys.py", lambda: None)

    with pytest.raises(pytest.UsageError, match=r"^test_keys\.py::.*: expected a docstring .*, got none$"):
        scenario_name(item)


def test_every_scenario_has_a_sentence_of_its_own(project: Path) -> None:
    sentences = [
        (path.parent.name, (ast.get_docstring(node) or "").partition("\n")[0])
        for path in (project / "scenarios").glob("*/test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]

    assert [sentence for sentence in sentences if not sentence[1].endswith(".")] == []
    # The name of a case follows in brackets.
    assert [sentence for sentence in sentences if "[" in sentence[1]] == []
    assert [sentence for sentence, times in Counter(sentences).items() if times > 1] == []
