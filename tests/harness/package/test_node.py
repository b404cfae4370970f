from __future__ import annotations

import os
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from harness import process
from harness.package.build import build
from harness.package.function import FunctionFolder
from harness.package.host_node import NoNodeError
from harness.package.install import FileTwiceError, InstallFailedError, UnpinnedDependencyError
from harness.package.node import BundleFailedError
from harness.package.platforms import host_platform, lambda_platform
from harness.package.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Npm = Callable[[str], Path]

pytestmark = pytest.mark.integration

LAMBDA = lambda_platform("nodejs20.x", "x86_64")

# Packages without dependencies, and with one: semver needed lru-cache until 7.6, which needed yallist.
_LEAF = "detect-libc@2.1.2"
_SEMVER = ("semver@7.5.4", "lru-cache@6.0.0", "yallist@4.0.0")

needs_node = pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm on PATH")


def _write_function(
    folder: Path, *requirements: str, bundler: bool = False, source: str = ""
) -> FunctionFolder:
    folder.mkdir(parents=True)
    (folder / "index.mjs").write_text(source or "export const handler = async () => 7;\n")
    (folder / "words.json").write_text("{}\n")
    pins = ", ".join(f'"{requirement}"' for requirement in requirements)
    (folder / "function.toml").write_text(
        'name = "shouter"\nruntime = "nodejs20.x"\nhandler = "index.handler"\n[package]\n'
        f'include = ["*.mjs", "*.json"]\nrequirements = [{pins}]\n'
        + ('bundler = "esbuild@0.28.2"\n' if bundler else "")
    )
    return FunctionFolder.load(folder)


def _names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    """Puts a script in npm's place, and gives the file to which it may take notes."""

    def install(script: str) -> Path:
        command = tmp_path / "bin" / "npm"
        command.parent.mkdir()
        command.write_text(f"#!/bin/sh\nset -e\n{script}\n")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", str(command.parent), prepend=os.pathsep)
        monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
        return tmp_path / "notes"

    return install


_INSTALLS_LOUD = """
mkdir -p node_modules/loud node_modules/.bin
echo '{"name": "loud", "version": "1.2.3", "dependencies": {"louder": "%s"}}' > node_modules/loud/package.json
mkdir -p node_modules/louder
echo '{"name": "louder", "version": "4.5.6"}' > node_modules/louder/package.json
echo link > node_modules/.bin/loud
echo notes > node_modules/.package-lock.json
"""


def test_a_function_without_requirements_needs_no_npm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    built = build(_write_function(tmp_path / "shouter"), LAMBDA, cache=tmp_path / "cache")

    assert _names(built.path) == ["index.mjs", "words.json"]
    assert probe(built.path, LAMBDA, "index.handler") == []


def test_a_missing_npm_is_reported_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(NoNodeError, match="'npm': expected it on PATH") as missing:
        build(_write_function(tmp_path / "shouter", _LEAF), LAMBDA, cache=tmp_path / "cache")

    assert "\n" not in str(missing.value)


@pytest.mark.parametrize(
    ("architecture", "options"),
    [("x86_64", "--os=linux --cpu=x64 --libc=glibc"), ("arm64", "--os=linux --cpu=arm64 --libc=glibc")],
)
def test_npm_installs_for_the_platform_and_runs_no_scripts(
    tmp_path: Path, npm: Npm, architecture: str, options: str
) -> None:
    notes = npm('echo "$@" > "$NOTES"')
    platform = lambda_platform("nodejs20.x", "arm64" if architecture == "arm64" else "x86_64")

    build(_write_function(tmp_path / "shouter", _LEAF), platform, cache=tmp_path / "cache")

    assert options in notes.read_text()
    assert "--ignore-scripts" in notes.read_text()


def test_notes_about_the_installation_are_left_out(tmp_path: Path, npm: Npm) -> None:
    npm(_INSTALLS_LOUD.replace("%s", "4.5.6"))

    built = build(_write_function(tmp_path / "shouter", "loud@1.2.3"), LAMBDA, cache=tmp_path / "cache")

    assert _names(built.path) == [
        "index.mjs",
        "node_modules/loud/package.json",
        "node_modules/louder/package.json",
        "words.json",
    ]


def test_a_dependency_that_nothing_pins_is_refused(tmp_path: Path, npm: Npm) -> None:
    npm(_INSTALLS_LOUD.replace("%s", "^4.0.0"))

    with pytest.raises(UnpinnedDependencyError, match=r'add to requirements: "louder@4\.5\.6"'):
        build(_write_function(tmp_path / "shouter", "loud@1.2.3"), LAMBDA, cache=tmp_path / "cache")


def test_a_file_in_two_places_is_refused(tmp_path: Path, npm: Npm) -> None:
    npm(_INSTALLS_LOUD.replace("%s", "4.5.6"))
    own = tmp_path / "shouter" / "node_modules" / "loud" / "package.json"
    function = _write_function(tmp_path / "shouter", "loud@1.2.3")
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    description = function.description.read_text().replace('"*.json"', '"*.json", "**/*.json"')
    function.description.write_text(description)

    with pytest.raises(FileTwiceError, match=r"node_modules/loud/package\.json would be both"):
        build(FunctionFolder.load(function.path), LAMBDA, cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        pytest.param(
            "npm error code ETARGET\nno matching version", "pin a version that exists", id="version"
        ),
        pytest.param("npm error code E404", "check its name", id="name"),
        pytest.param("npm error code EAI_AGAIN", "check the network", id="network"),
    ],
)
def test_a_failed_installation_says_what_to_do(tmp_path: Path, npm: Npm, said: str, advice: str) -> None:
    npm(f"printf '{said}: {_LEAF}' >&2; exit 1")

    with pytest.raises(InstallFailedError, match=rf"^cannot install {_LEAF} for nodejs20\.x .*: {advice}"):
        build(_write_function(tmp_path / "shouter", _LEAF), LAMBDA, cache=tmp_path / "cache")


@needs_node
@pytest.mark.network
def test_requirements_make_the_same_bytes_twice(tmp_path: Path) -> None:
    packages = [
        build(_write_function(tmp_path / str(number), *_SEMVER), LAMBDA, cache=tmp_path / f"cache-{number}")
        for number in range(2)
    ]

    assert packages[0].path.read_bytes() == packages[1].path.read_bytes()
    assert "node_modules/yallist/package.json" in _names(packages[0].path)


@needs_node
@pytest.mark.network
def test_a_bundle_is_one_file_that_serves_without_the_packages(tmp_path: Path) -> None:
    source = 'import semver from "semver";\nexport const handler = () => semver.major("7.1.0");\n'
    functions = [
        _write_function(tmp_path / str(number), *_SEMVER, bundler=True, source=source) for number in range(2)
    ]

    packages = [build(function, LAMBDA, cache=function.path / "cache") for function in functions]

    assert packages[0].path.read_bytes() == packages[1].path.read_bytes()
    assert _names(packages[0].path) == ["index.js", "words.json"]
    with zipfile.ZipFile(packages[0].path) as archive:
        archive.extractall(tmp_path / "unzipped")
    said = process.run(["node", "-p", "require('./index.js').handler()"], cwd=tmp_path / "unzipped")
    assert said.strip() == "7"


@needs_node
@pytest.mark.network
def test_a_bundle_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    function = _write_function(tmp_path / "shouter", _LEAF, bundler=True, source='import "missing";\n')

    with pytest.raises(BundleFailedError, match='Could not resolve "missing"'):
        build(function, host_platform("nodejs"), cache=tmp_path / "cache")
