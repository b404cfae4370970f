from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.package import build as package
from harness.package.build import build
from harness.package.function import FunctionFolder
from harness.package.install import FileTwiceError, InstallFailedError, UnpinnedDependencyError
from harness.package.platforms import host_platform, lambda_platform

pytestmark = pytest.mark.integration

LAMBDA = lambda_platform("python3.13", "x86_64")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def _write_function(
    folder: Path, requirements: str = "", *, extra: str = "", prefix: str = "shouter"
) -> Path:
    folder.mkdir(parents=True)
    (folder / "main.py").write_text("def handle(event, context): ...\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o700)
    handler = f"{prefix}.main.handle".removeprefix(".")
    (folder / "function.toml").write_text(
        f'name = "shouter"\nruntime = "python3.13"\nhandler = "{handler}"\n[package]\nprefix = "{prefix}"\n'
        f'include = ["*.py", "*.sh"]\nrequirements = [{requirements}]\n{extra}\n'
    )
    return folder


def _entries(path: Path) -> dict[str, zipfile.ZipInfo]:
    with zipfile.ZipFile(path) as archive:
        return {entry.filename: entry for entry in archive.infolist()}


@pytest.fixture
def _restored_umask() -> Iterator[None]:
    umask = os.umask(0o022)
    yield
    os.umask(umask)


@pytest.mark.usefixtures("_restored_umask")
def test_another_folder_umask_and_time_make_the_same_bytes(tmp_path: Path) -> None:
    os.umask(0o002)
    first = _write_function(tmp_path / "first")
    os.umask(0o077)
    second = _write_function(tmp_path / "deep" / "second")
    os.utime(second / "main.py", (0, 0))

    packages = [
        build(FunctionFolder.load(folder), LAMBDA, cache=tmp_path / f"cache-{folder.name}")
        for folder in (first, second)
    ]

    assert packages[0].path.read_bytes() == packages[1].path.read_bytes()
    assert packages[0].sha256 == packages[1].sha256


def test_times_and_modes_are_fixed(tmp_path: Path, cache: Path) -> None:
    function = FunctionFolder.load(_write_function(tmp_path / "shouter"))

    entries = _entries(build(function, LAMBDA, cache=cache).path)

    assert list(entries) == ["shouter/main.py", "shouter/run.sh"]
    assert {entry.date_time for entry in entries.values()} == {(1980, 1, 1, 0, 0, 0)}
    assert stat.filemode(entries["shouter/main.py"].external_attr >> 16) == "-rw-r--r--"
    assert stat.filemode(entries["shouter/run.sh"].external_attr >> 16) == "-rwxr-xr-x"


def test_the_same_content_comes_from_the_cache(tmp_path: Path) -> None:
    function = FunctionFolder.load(_write_function(tmp_path / "shouter"))

    first, second = (build(function, LAMBDA, cache=tmp_path / "cache") for _ in range(2))

    assert not first.from_cache
    assert second == dataclasses.replace(first, from_cache=True)
    assert first.zip_bytes == first.path.stat().st_size
    assert first.unzipped_bytes == sum(path.stat().st_size for path in function.files().values())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda folder: (folder / "main.py").write_text("handle = print\n"), id="content"),
        pytest.param(lambda folder: (folder / "main.py").chmod(0o755), id="mode"),
        pytest.param(lambda folder: (folder / "more.py").write_text(""), id="new file"),
        pytest.param(lambda folder: (folder / "run.sh").rename(folder / "go.sh"), id="name"),
    ],
)
def test_changed_content_is_packaged_anew(tmp_path: Path, change: Callable[[Path], object]) -> None:
    folder = _write_function(tmp_path / "shouter")
    before = build(FunctionFolder.load(folder), LAMBDA, cache=tmp_path / "cache")
    change(folder)

    after = build(FunctionFolder.load(folder), LAMBDA, cache=tmp_path / "cache")

    assert not after.from_cache
    assert after.sha256 != before.sha256


def test_every_platform_has_a_package_of_its_own(tmp_path: Path, cache: Path) -> None:
    function = FunctionFolder.load(_write_function(tmp_path / "shouter"))
    platforms = [LAMBDA, lambda_platform("python3.13", "arm64"), lambda_platform("python3.12", "x86_64")]

    assert len({build(function, platform, cache=cache).path for platform in platforms}) == 3


def test_a_broken_zip_in_the_cache_is_made_again(tmp_path: Path) -> None:
    function = FunctionFolder.load(_write_function(tmp_path / "shouter"))
    whole = build(function, LAMBDA, cache=tmp_path / "cache")
    content = whole.path.read_bytes()
    whole.path.write_bytes(content[: len(content) // 2])

    again = build(function, LAMBDA, cache=tmp_path / "cache")

    assert not again.from_cache
    assert again.path.read_bytes() == content


def test_an_interrupted_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    function = FunctionFolder.load(_write_function(tmp_path / "shouter"))

    def interrupted(_files: object, path: Path) -> None:
        path.write_bytes(b"PK half")
        raise KeyboardInterrupt

    monkeypatch.setattr(package, "_write_zip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(function, LAMBDA, cache=tmp_path / "cache")

    assert list((tmp_path / "cache").iterdir()) == []


def test_concurrent_builds_end_with_one_whole_zip(tmp_path: Path) -> None:
    function = FunctionFolder.load(_write_function(tmp_path / "shouter"))
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(build, function, LAMBDA, cache=tmp_path / "cache") for _ in range(8)]
        packages = [future.result() for future in futures]

    assert len({built.sha256 for built in packages}) == 1
    assert list((tmp_path / "cache").iterdir()) == [packages[0].path]


def test_without_a_network_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    function = FunctionFolder.load(_write_function(tmp_path / "shouter", '"markupsafe==3.0.3"'))

    with pytest.raises(
        InstallFailedError, match=r"^cannot install markupsafe==3\.0\.3 .*: allow the network"
    ):
        build(function, LAMBDA, cache=tmp_path / "cache")


@pytest.mark.network
def test_requirements_are_packaged_without_what_varies(tmp_path: Path, cache: Path) -> None:
    function = FunctionFolder.load(_write_function(tmp_path / "shouter", '"cffi==2.1.1", "pycparser==3.12"'))

    names = set(_entries(build(function, LAMBDA, cache=cache).path))

    assert "_cffi_backend.cpython-313-x86_64-linux-gnu.so" in names
    assert "cffi-2.1.1.dist-info/METADATA" in names
    assert "cffi-2.1.1.dist-info/entry_points.txt" in names
    varying = (
        "bin/",
        ".lock",
        ".dist-info/RECORD",
        ".dist-info/WHEEL",
        ".dist-info/INSTALLER",
        "__pycache__",
    )
    assert [name for name in names if any(part in name for part in varying)] == []


@pytest.mark.network
@pytest.mark.usefixtures("_restored_umask")
def test_requirements_make_the_same_bytes_twice(tmp_path: Path) -> None:
    built = []
    for number, umask in enumerate((0o002, 0o077)):
        os.umask(umask)
        folder = _write_function(tmp_path / str(number) / "shouter", '"markupsafe==3.0.3"')
        built.append(build(FunctionFolder.load(folder), LAMBDA, cache=tmp_path / f"cache-{number}"))

    assert built[0].path.read_bytes() == built[1].path.read_bytes()


@pytest.mark.network
def test_the_host_package_can_be_imported_from(tmp_path: Path, cache: Path) -> None:
    function = FunctionFolder.load(_write_function(tmp_path / "shouter", '"markupsafe==3.0.3"'))
    built = build(function, host_platform(), cache=cache)
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(tmp_path / "unzipped")

    (found,) = importlib.metadata.distributions(path=[str(tmp_path / "unzipped")])

    assert (found.metadata["Name"], found.version) == ("MarkupSafe", "3.0.3")


@pytest.mark.network
def test_a_source_build_does_not_see_the_hosts_libraries(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pyvips asks pkg-config for a libvips and compiles a module against it; this one only takes notes.
    (tmp_path / "vips.pc").write_text("Name: vips\nDescription: a trap\nVersion: 8.18.0\n")
    asked = tmp_path / "bin" / "pkg-config"
    asked.parent.mkdir()
    asked.write_text(
        f'#!/bin/sh\necho "$PKG_CONFIG_PATH:$(ls "$PKG_CONFIG_LIBDIR")" >> "{tmp_path}/log"\nexit 1\n'
    )
    asked.chmod(0o755)
    monkeypatch.setenv("PATH", str(asked.parent), prepend=os.pathsep)
    monkeypatch.setenv("PKG_CONFIG_PATH", str(tmp_path))
    monkeypatch.setenv("PKG_CONFIG_LIBDIR", str(tmp_path))
    pins = '"pyvips==3.2.0", "cffi==2.1.1", "pycparser==3.12"'
    folder = _write_function(tmp_path / "shouter", pins, extra='build = ["pyvips"]')

    names = _entries(build(FunctionFolder.load(folder), LAMBDA, cache=cache).path)

    assert "pyvips/__init__.py" in names
    assert set((tmp_path / "log").read_text().splitlines()) == {":"}


@pytest.mark.network
def test_a_dependency_that_nothing_pins_is_refused(tmp_path: Path, cache: Path) -> None:
    folder = _write_function(tmp_path / "shouter", '"cffi==2.1.1"')

    with pytest.raises(UnpinnedDependencyError, match=r'add to requirements: "pycparser=='):
        build(FunctionFolder.load(folder), LAMBDA, cache=cache)


@pytest.mark.network
def test_a_file_that_two_claim_is_refused(tmp_path: Path, cache: Path) -> None:
    folder = _write_function(tmp_path / "shouter", '"markupsafe==3.0.3"', prefix="markupsafe")
    shutil.copy(folder / "main.py", folder / "__init__.py")

    with pytest.raises(FileTwiceError, match=r"markupsafe/__init__\.py"):
        build(FunctionFolder.load(folder), LAMBDA, cache=cache)


@pytest.mark.network
@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        pytest.param("markupsafe==99.0", "pin a version that exists", id="no such version"),
        pytest.param("markupsafe==1.1.1", "has a wheel", id="no wheel for this Python"),
        pytest.param("pyvips==3.2.0", "name it in .package. build", id="no wheel at all"),
    ],
)
def test_a_requirement_that_cannot_be_installed_is_named(
    tmp_path: Path, cache: Path, requirement: str, message: str
) -> None:
    folder = _write_function(tmp_path / "shouter", f'"pycparser==3.12", "{requirement}"')

    with pytest.raises(InstallFailedError, match=message) as caught:
        build(FunctionFolder.load(folder), LAMBDA, cache=cache)

    first, *rest = str(caught.value).splitlines()
    assert first.startswith(f"cannot install {requirement} for python3.13 on x86_64 linux")
    assert any("unsatisfiable" in line for line in rest)
    assert list(cache.glob("thumbrig-*")) == []
