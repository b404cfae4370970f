"""What several test folders share."""

from __future__ import annotations

import multiprocessing.process
import shutil
import signal
import socket
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import docker
import pytest
from docker.errors import DockerException

if TYPE_CHECKING:
    from playwright.sync_api import Browser


_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A test that uses one of these is marked `integration` without a word of its own.
_STARTING_FIXTURES = frozenset({"browser", "demo", "target"})
_STARTING_MARKERS = ("integration", "network", "docker")


@pytest.fixture(scope="session", autouse=True)
def _an_engine_is_reached_only_when_asked_for(pytestconfig: pytest.Config) -> Iterator[None]:
    """In other sessions the limiter Docker is not usable, whatever this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        if not _containers_wanted(pytestconfig):
            patch.setattr(docker, "from_env", _no_engine)
        yield


def pytest_configure() -> None:
    # A shell that starts the tests with `&` has them ignore Ctrl-C, and so would all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if not _STARTING_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.integration)
        if item.get_closest_marker("docker") and not _containers_wanted(config):
            item.add_marker(pytest.mark.skip(reason="starts containers: `nox -s containers` runs it"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test, and the fixtures made for it, start something only if the test is marked for it."""
    if any(item.get_closest_marker(name) for name in _STARTING_MARKERS):
        return (yield)

    def refuse(started: object, *_: object, **__: object) -> NoReturn:
        what = "listens on a socket" if isinstance(started, socket.socket) else "starts a process"
        pytest.fail(
            f"{item.nodeid} {what}: mark it with @pytest.mark.integration, or use a fake", pytrace=False
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", refuse)
        patch.setattr(multiprocessing.process.BaseProcess, "start", refuse)
        patch.setattr(socket.socket, "listen", refuse)
        return (yield)


def _containers_wanted(config: pytest.Config) -> bool:
    # Not by whether there is an engine: who asks for these tests is to learn that there is none.
    return bool(config.getoption("markexpr") == "docker")


def _no_engine(**_: object) -> None:
    raise DockerException("this session is not to start containers")


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


# Not for the whole session: the driver's event loop would be in the way of tests that run their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium of this machine."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no Chromium on PATH (looked for chromium, chromium-browser, google-chrome)")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield running
        running.close()
