"""Installs what a function in Python requires, by uv."""

from __future__ import annotations

import os
import sys
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

from harness import process
from harness.package.function import normalised
from harness.package.install import InstallFailedError, UnpinnedDependencyError, merge
from harness.package.platforms import MACHINES

if TYPE_CHECKING:
    from harness.package.function import FunctionFolder
    from harness.package.platforms import Platform

# What tells of the installation and not of the distribution. RECORD would list files that are left out; WHEEL
# names the version of the tool that built it, which for a source distribution is the newest of that day.
_INSTALLATION_NOTES = frozenset(
    {"RECORD", "WHEEL", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"}
)

# Words of uv's, and what to do about them; the first that is found counts.
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
    """Install the requirements beside the function's own files."""
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
    # uv keeps the wheels it has built. In a cache of its own there is none that was built elsewhere, with the
    # host's libraries linked in.
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
        # Its first line is the command.
        output = str(exc).partition("\n")[2]
        raise InstallFailedError(function.requirements, platform, output, _ADVICE) from exc


def _build_environment(scratch: Path) -> dict[str, str]:
    """Hide the host's libraries from builds, which would link to what they find; Lambda does not have it."""
    nothing = scratch / "pkgconfig"
    nothing.mkdir()
    inherited = {name: value for name, value in os.environ.items() if name != "PKG_CONFIG_PATH"}
    return inherited | {"PKG_CONFIG_LIBDIR": str(nothing)}


def _refuse_unpinned(function: FunctionFolder, target: Path) -> None:
    pinned = function.requirement_names()
    pins = []
    for path in sorted(target.glob("*.dist-info/METADATA")):
        metadata = HeaderParser().parsestr(path.read_text(encoding="utf-8"))
        if normalised(metadata["Name"]) not in pinned:
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
