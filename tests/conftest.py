"""What several test folders share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's folder."""
    return Path(__file__).parents[1]


class FunctionFolders:
    """Makes function folders without requirements: their packages need nothing from the network."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def make(self, source: str) -> Path:
        """Write a folder whose handler is `index.handle` of this source."""
        folder = self._base / f"function-{len(list(self._base.iterdir()))}"
        folder.mkdir()
        (folder / "function.toml").write_text(
            'name = "small"\nruntime = "python3.13"\nhandler = "index.handle"\n'
            '[package]\ninclude = ["*.py"]\n'
        )
        (folder / "index.py").write_text(source)
        return folder


@pytest.fixture(scope="session")
def function_folders(tmp_path_factory: pytest.TempPathFactory) -> FunctionFolders:
    """A maker of small function folders."""
    return FunctionFolders(tmp_path_factory.mktemp("functions"))
