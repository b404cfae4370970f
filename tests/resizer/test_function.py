"""What is deployed, and with what."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path


def test_every_requirement_is_exact(project: Path) -> None:
    function = tomllib.loads((project / "resizer" / "function.toml").read_text())

    for requirement in function["package"]["requirements"]:
        assert re.fullmatch(r"[A-Za-z0-9_-]+==[0-9.]+(; .+)?", requirement)


def test_the_function_imports_nothing_of_the_rig(project: Path) -> None:
    rig = {"harness", "fixtures", "benchmarks", "scenarios", "tests"}
    for module in (project / "resizer").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]

            assert not rig & {name.partition(".")[0] for name in names}
