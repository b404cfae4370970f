"""What several test folders share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import containers
from harness.containers import NoEngineError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _only_marked_tests_reach_an_engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where no test is marked for it the limiter Docker is not usable, whatever this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        if not any(item.get_closest_marker("docker") for item in request.session.items):
            patch.setattr(containers, "connect", _no_engine)
        yield


def _no_engine() -> None:
    raise NoEngineError("no test of this session is marked for one")


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
