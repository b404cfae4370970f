from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.package.build import build
from harness.package.function import FunctionFolder
from harness.package.platforms import Platform, host_platform, lambda_platform
from harness.package.probe import UNZIPPED_LIMIT_BYTES, UnsoundPackageError, probe, require_sound

HANDLER = "main.handle"
X86_64 = lambda_platform("python3.13", "x86_64")
ARM64 = lambda_platform("python3.13", "arm64")


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Platform, str], Path]:
    cache = tmp_path_factory.mktemp("cache")

    def make(platform: Platform, requirement: str) -> Path:
        folder = tmp_path_factory.mktemp("function")
        (folder / "main.py").write_text("def handle(event, context): ...\n")
        (folder / "function.toml").write_text(
            f'name = "probed"\nruntime = "python3.13"\nhandler = "{HANDLER}"\n'
            f'[package]\ninclude = ["*.py"]\nrequirements = ["{requirement}"]\n'
        )
        return build(FunctionFolder.load(folder), platform, cache=cache).path

    return make


def _write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _kinds(path: Path, platform: Platform) -> set[str]:
    return {finding.kind for finding in probe(path, platform, HANDLER)}


def test_a_package_of_plain_python_is_sound(tmp_path: Path) -> None:
    path = _write_zip(tmp_path / "plain.zip", {"main.py": b"def handle(event, context): ...\n"})

    assert probe(path, X86_64, HANDLER) == []
    require_sound(path, X86_64, HANDLER)


@pytest.mark.parametrize("name", ["main/__init__.py", "main.cpython-313-x86_64-linux-gnu.so", "main.abi3.so"])
def test_the_handler_may_be_a_package_or_compiled(tmp_path: Path, name: str) -> None:
    path = _write_zip(tmp_path / "other.zip", {name: b""})

    assert "handler" not in _kinds(path, X86_64)


def test_a_handler_that_lies_one_folder_too_deep_is_found(tmp_path: Path) -> None:
    path = _write_zip(tmp_path / "deep.zip", {"function/main.py": b""})

    (finding,) = probe(path, X86_64, HANDLER)

    assert finding.kind == "handler"
    assert "'main.handle' needs main.py or main/__init__.py" in finding.message


def test_one_byte_more_than_lambda_takes_is_found(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("main.py", b"")
        with archive.open("zeros.bin", "w") as file:
            for _ in range(250):
                file.write(bytes(1024 * 1024))

    assert probe(path, X86_64, HANDLER) == []

    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("one.bin", b"1")
    (finding,) = probe(path, X86_64, HANDLER)

    assert finding.kind == "size"
    assert f"{UNZIPPED_LIMIT_BYTES:,}" in finding.message
    assert "262,144,001" in finding.message


def test_half_a_zip_is_found(tmp_path: Path) -> None:
    path = _write_zip(tmp_path / "half.zip", {"main.py": bytes(1000)})
    path.write_bytes(path.read_bytes()[:60])

    assert _kinds(path, X86_64) == {"unreadable"}


@pytest.mark.parametrize("size", [4, 40, 60])
def test_half_a_library_is_found(tmp_path: Path, size: int) -> None:
    content = (b"\x7fELF\x02\x01\x01" + bytes(64))[:size]
    path = _write_zip(tmp_path / "half.zip", {"main.py": b"", "fast.so": content})

    (finding,) = probe(path, X86_64, HANDLER)

    assert (finding.kind, finding.path) == ("unreadable", "fast.so")


def test_programs_of_other_systems_do_no_harm_as_resources(tmp_path: Path) -> None:
    path = _write_zip(tmp_path / "launcher.zip", {"main.py": b"", "pip/w64.exe": b"MZ" + bytes(100)})

    assert probe(path, X86_64, HANDLER) == []


def test_a_module_for_another_python_does_no_harm_beside_the_right_one(tmp_path: Path) -> None:
    files = {
        "main.py": b"",
        "fast.cpython-311-x86_64-linux-gnu.so": b"",
        "fast.cpython-313-x86_64-linux-gnu.so": b"",
        "slow.cpython-311-x86_64-linux-gnu.so": b"",
    }
    path = _write_zip(tmp_path / "fat.zip", files)

    (finding,) = probe(path, X86_64, HANDLER)

    assert finding.path == "slow.cpython-311-x86_64-linux-gnu.so"


def test_all_findings_come_in_one_error(tmp_path: Path) -> None:
    files = {"fast.cpython-311-x86_64-linux-gnu.so": b"", "slow.cpython-313-darwin.so": b""}
    path = _write_zip(tmp_path / "unsound.zip", files)

    with pytest.raises(UnsoundPackageError, match=r"3 finding\(s\)") as caught:
        require_sound(path, X86_64, HANDLER)

    assert [finding.kind for finding in caught.value.findings] == ["handler", "python", "system"]
    assert all(str(finding) in str(caught.value) for finding in caught.value.findings)


@pytest.mark.network
@pytest.mark.parametrize("requirement", ["markupsafe==3.0.3", "psutil==7.2.2", "Pillow==13.0.0"])
@pytest.mark.parametrize(
    "platform",
    [
        pytest.param(X86_64, id="x86_64"),
        pytest.param(ARM64, id="arm64"),
        pytest.param(host_platform(), id="host"),
    ],
)
def test_what_was_built_for_a_platform_is_sound_there(
    make: Callable[[Platform, str], Path], platform: Platform, requirement: str
) -> None:
    assert probe(make(platform, requirement), platform, HANDLER) == []


@pytest.mark.network
def test_a_module_for_another_python_is_found(make: Callable[[Platform, str], Path]) -> None:
    path = make(lambda_platform("python3.11", "x86_64"), "markupsafe==3.0.3")

    (finding,) = probe(path, X86_64, HANDLER)

    assert finding.kind == "python"
    assert finding.path == "markupsafe/_speedups.cpython-311-x86_64-linux-gnu.so"
    assert "expected cpython-313-x86_64-linux-gnu or abi3, got cpython-311" in finding.message


@pytest.mark.network
def test_an_abi3_module_suits_another_python(make: Callable[[Platform, str], Path]) -> None:
    path = make(lambda_platform("python3.11", "x86_64"), "psutil==7.2.2")

    assert probe(path, X86_64, HANDLER) == []


@pytest.mark.network
@pytest.mark.parametrize(
    "requirement",
    [pytest.param("markupsafe==3.0.3", id="by its name"), pytest.param("psutil==7.2.2", id="by its content")],
)
def test_another_architecture_is_found(make: Callable[[Platform, str], Path], requirement: str) -> None:
    assert _kinds(make(ARM64, requirement), X86_64) == {"architecture"}
    assert _kinds(make(X86_64, requirement), ARM64) == {"architecture"}


@pytest.mark.network
@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        pytest.param("unknown-linux-musl", "libc", id="musl"),
        pytest.param("apple-darwin", "system", id="macOS"),
    ],
)
@pytest.mark.parametrize(
    "requirement",
    [pytest.param("markupsafe==3.0.3", id="by its name"), pytest.param("psutil==7.2.2", id="by its content")],
)
def test_wheels_of_another_libc_or_system_are_found(
    make: Callable[[Platform, str], Path], requirement: str, tag: str, kind: str
) -> None:
    path = make(dataclasses.replace(X86_64, wheel_tag=tag), requirement)

    assert _kinds(path, X86_64) == {kind}


@pytest.mark.network
@pytest.mark.parametrize(
    ("requirement", "newest", "kind", "message"),
    [
        pytest.param("markupsafe==3.0.3", {"GLIBC": (2, 13)}, "libc", "needs GLIBC_2.14", id="glibc"),
        pytest.param("obstore==0.12.1", {"GLIBC": (2, 2, 4)}, "libc", "has GLIBC_2.2.4 at most", id="abi3"),
        pytest.param(
            "kiwisolver==1.5.0", {"GLIBCXX": (3, 4)}, "library", "GLIBCXX_3.4 at most", id="libstdc++"
        ),
    ],
)
def test_symbols_newer_than_the_platforms_are_found(
    make: Callable[[Platform, str], Path],
    requirement: str,
    newest: dict[str, tuple[int, ...]],
    kind: str,
    message: str,
) -> None:
    older = dataclasses.replace(X86_64, newest_symbols=newest)

    (finding,) = probe(make(X86_64, requirement), older, HANDLER)

    assert finding.kind == kind
    assert message in finding.message


@pytest.mark.network
def test_a_library_that_the_platform_lacks_is_found(make: Callable[[Platform, str], Path]) -> None:
    without = dataclasses.replace(X86_64, base_libraries=frozenset({"libc.so.6"}))

    (finding,) = probe(make(X86_64, "psutil==7.2.2"), without, HANDLER)

    assert finding.kind == "library"
    assert "needs libpthread.so.0" in finding.message


@pytest.mark.network
def test_a_library_that_was_taken_out_of_the_zip_is_found(
    make: Callable[[Platform, str], Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(make(X86_64, "Pillow==13.0.0")) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (library,) = [name for name in files if name.startswith("pillow.libs/libjpeg-")]
    del files[library]
    path = _write_zip(tmp_path / "unsound.zip", files)

    findings = probe(path, X86_64, HANDLER)

    assert {finding.kind for finding in findings} == {"library"}
    assert "PIL/_imaging.cpython-313-x86_64-linux-gnu.so" in {finding.path for finding in findings}
    assert all(library.removeprefix("pillow.libs/") in finding.message for finding in findings)
