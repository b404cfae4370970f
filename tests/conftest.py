"""What several test folders share."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import containers
from harness.containers import NoEngineError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _an_engine_is_reached_only_when_asked_for(pytestconfig: pytest.Config) -> Iterator[None]:
    """In other sessions the limiter Docker is not usable, whatever this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        if not _containers_wanted(pytestconfig):
            patch.setattr(containers, "connect", _no_engine)
        yield


def pytest_configure() -> None:
    # A shell that starts the tests with `&` has them ignore Ctrl-C, and so would all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not _containers_wanted(config):
        for item in items:
            if item.get_closest_marker("docker"):
                item.add_marker(pytest.mark.skip(reason="starts containers: `nox -s containers` runs it"))


def _containers_wanted(config: pytest.Config) -> bool:
    # Not by whether there is an engine: who asks for these tests is to learn that there is none.
    return bool(config.getoption("markexpr") == "docker")


def _no_engine() -> None:
    raise NoEngineError("this session is not to start containers")


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
