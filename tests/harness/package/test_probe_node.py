from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import pytest

from harness.package.platforms import lambda_platform
from harness.package.probe import probe
from harness.package.probe_node import Finding

X86_64 = lambda_platform("nodejs20.x", "x86_64")

_MANIFEST = {
    "name": "fast",
    "version": "1.0.0",
    "optionalDependencies": {
        "@fast/darwin-arm64": "1.0.0",
        "@fast/linux-x64": "1.0.0",
        "@fast/linux-x64-musl": "1.0.0",
        "@fast/linuxmusl-x64": "1.0.0",
        "@fast/nothing-compiled": "1.0.0",
    },
}

_MACHINES = {"x86_64": 62, "arm64": 183}


def _module(architecture: str = "x86_64", *, needed: str = "", runpath: str = "") -> bytes:
    """Make a shared library as small as a loader reads it: a header, and one dynamic segment."""
    strings = b"\0" + needed.encode() + b"\0" + runpath.encode() + b"\0"
    entries = [(1, 1)] if needed else []
    entries += [(29, len(needed) + 2)] if runpath else []
    start = 64 + 2 * 56
    entries += [(5, start + 16 * (len(entries) + 3)), (10, len(strings)), (0, 0)]
    table = b"".join(struct.pack("<QQ", *entry) for entry in entries)
    size = start + len(table) + len(strings)
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header += struct.pack("<HHIQQQIHHHHHH", 3, _MACHINES[architecture], 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    loaded = struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, size, size, 4096)
    dynamic = struct.pack("<IIQQQQQQ", 2, 4, start, start, start, len(table), len(table), 8)
    return header + loaded + dynamic + table + strings


def _probe(folder: Path, files: dict[str, bytes]) -> list[Finding]:
    path = folder / "package.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {"index.mjs": b"", **files}.items():
            archive.writestr(name, content)
    return probe(path, X86_64, "index.handler")


@pytest.mark.parametrize("ending", [".js", ".mjs", ".cjs"])
def test_the_handler_may_have_each_ending_of_javascript(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "package.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"index{ending}", b"")

    assert probe(path, X86_64, "index.handler") == []


def test_a_handler_that_is_not_there_is_found(tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("src/index.mjs", b"")

    (finding,) = probe(path, X86_64, "index.handler")

    assert "index.js or index.mjs or index.cjs" in finding.message


def test_a_module_for_another_architecture_is_found(tmp_path: Path) -> None:
    (finding,) = _probe(tmp_path, {"node_modules/fast/fast.node": _module("arm64")})

    assert (finding.kind, finding.path) == ("architecture", "node_modules/fast/fast.node")


def test_a_module_for_another_system_is_found(tmp_path: Path) -> None:
    macos = b"\xcf\xfa\xed\xfe\x0c\0\0\x01" + bytes(100)
    (finding,) = _probe(tmp_path, {"node_modules/fast/fast.node": macos})

    assert finding.kind == "system"


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        pytest.param("fast/prebuilds/linux-arm64/fast.node", "fast/prebuilds/linux-x64/fast.node", id="file"),
        pytest.param("@fast/linux-arm64/fast.node", "@fast/linux-x64/fast.node", id="package"),
        pytest.param("@fast/linux-arm64/lib/libfast.so.1", "@fast/linux-x64/lib/libfast.so.2", id="library"),
    ],
)
def test_a_module_for_another_platform_does_no_harm_beside_the_right_one(
    tmp_path: Path, foreign: str, ours: str
) -> None:
    with_twin = {f"node_modules/{foreign}": _module("arm64"), f"node_modules/{ours}": _module()}

    assert _probe(tmp_path, with_twin) == []
    assert _probe(tmp_path, {f"node_modules/{foreign}": _module("arm64")})


def test_a_compiled_part_that_npm_left_out_is_found(tmp_path: Path) -> None:
    manifest = {"node_modules/fast/package.json": json.dumps(_MANIFEST).encode()}

    (finding,) = _probe(tmp_path, manifest)

    assert finding.kind == "library"
    assert "expected its compiled part @fast/linux-x64 beside it" in finding.message
    assert _probe(tmp_path, {**manifest, "node_modules/@fast/linux-x64/package.json": b"{}"}) == []


@pytest.mark.parametrize(
    ("library", "sound"),
    [
        pytest.param("node_modules/@fast/lib/libfast.so.1", True, id="by rpath"),
        pytest.param("lib/libfast.so.1", True, id="by LD_LIBRARY_PATH"),
        pytest.param("node_modules/@fast/other/libfast.so.1", False, id="elsewhere"),
    ],
)
def test_a_library_must_lie_where_the_loader_looks(tmp_path: Path, library: str, *, sound: bool) -> None:
    module = _module(needed="libfast.so.1", runpath="$ORIGIN/../lib:/opt/lib")

    findings = _probe(tmp_path, {"node_modules/@fast/linux-x64/fast.node": module, library: _module()})

    assert (findings == []) == sound
    assert all("where the loader does not look (rpath $ORIGIN/../lib" in str(finding) for finding in findings)


def test_a_library_that_nobody_brings_is_found(tmp_path: Path) -> None:
    (finding,) = _probe(tmp_path, {"node_modules/fast/fast.node": _module(needed="libfast.so.1")})

    assert "needs libfast.so.1, which neither the zip nor nodejs20.x" in finding.message
