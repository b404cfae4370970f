"""Installs what a function in Python requires, by uv."""

from __future__ import annotations

import os
import sys
from email.parser import HeaderParser
from pathlib import Path

from packaging.utils import canonicalize_name
from uv import find_uv_bin

from harness import process
from harness.package.function import FunctionFolder
from harness.package.install import InstallFailedError, UnpinnedDependencyError, merge, output_of
from harness.package.platforms import MACHINES, Platform

# Notes about the installation, not the distribution. RECORD would list files that are left out; WHEEL names
# the version of the tool that built it, which for a source distribution is the newest of that day.
_INSTALLATION_NOTES = frozenset(
    {"RECORD", "WHEEL", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"}
)

# Words in uv's output, and what to do about them; the first one found counts.
_ADVICE = {
    "no usable wheels": (
        "pin a version that has a wheel for it, or name it in [package] build of function.toml"
    ),
    "requested Python version": "pin a version for that Python",
    "there is no version of": "pin a version that exists",
    "was not found in the package registry": "check its name",
    "network was disabled": "allow the network for the first build",
    "Failed to fetch": "check the network and the index settings of uv",
    "depends on": "change the pins that contradict each other",
    "Failed to build": "pin a version that has a wheel, or install what its build asks for",
}


def install_python(
    function: FunctionFolder, platform: Platform, *, cache: Path, scratch: Path
) -> dict[str, Path]:
    """Return all files of the package by their names in it: the function's own and the installed ones.

    New files are made below `scratch`.
    """
    target = scratch / "installed"
    target.mkdir()
    if function.requirements:
        _install(function, platform, target, cache=cache, scratch=scratch)
        _refuse_unpinned(function, target)
    return merge(function, function.files(), _installed_files(target))


def _install(
    function: FunctionFolder, platform: Platform, target: Path, *, cache: Path, scratch: Path
) -> None:
    command = [find_uv_bin(), "pip", "install", "--quiet", "--no-progress", "--color", "never"]
    # uv keeps the wheels it has built. Those in its usual cache may be linked to the host's libraries.
    command += ["--cache-dir", str(cache / "uv"), "--no-compile-bytecode"]
    command += ["--python", sys.executable, "--target", str(target), "--only-binary", ":all:"]
    command += [option for name in function.build for option in ("--no-binary", name)]
    if platform.wheel_tag:
        machine = MACHINES[platform.architecture]
        command += [
            "--python-version",
            platform.python,
            "--python-platform",
            f"{machine}-{platform.wheel_tag}",
        ]
    try:
        process.run([*command, "--", *function.requirements], env=_build_environment(scratch))
    except process.CommandFailedError as exc:
        raise InstallFailedError(function.requirements, platform, output_of(exc), _ADVICE) from exc


def _build_environment(scratch: Path) -> dict[str, str]:
    """Hide the host's libraries from builds, which would link to them; Lambda does not have them."""
    nothing = scratch / "pkgconfig"
    nothing.mkdir()
    inherited = {name: value for name, value in os.environ.items() if name != "PKG_CONFIG_PATH"}
    return inherited | {"PKG_CONFIG_LIBDIR": str(nothing)}


def _refuse_unpinned(function: FunctionFolder, target: Path) -> None:
    pinned = function.requirement_names()
    pins = []
    for path in sorted(target.glob("*.dist-info/METADATA")):
        metadata = HeaderParser().parsestr(path.read_text(encoding="utf-8"))
        if canonicalize_name(metadata["Name"]) not in pinned:
            pins.append(f"{metadata['Name']}=={metadata['Version']}")
    if pins:
        raise UnpinnedDependencyError(function, pins)


def _installed_files(target: Path) -> dict[str, Path]:
    files = {path.relative_to(target).as_posix(): path for path in target.rglob("*") if path.is_file()}
    return {name: path for name, path in files.items() if not _is_left_out(Path(name))}


def _is_left_out(name: Path) -> bool:
    # Console scripts in bin/ name this machine's Python; .lock is uv's.
    if name.parts[0] == "bin" or name.parts == (".lock",):
        return True
    if name.parent.suffix == ".dist-info" and name.name in _INSTALLATION_NOTES:
        return True
    return "__pycache__" in name.parts or name.suffix in {".pyc", ".pyo"}
