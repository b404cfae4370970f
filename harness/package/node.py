"""Installs what a function in Node.js requires, by npm, and bundles it if the function asks for that."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from harness import process
from harness.package import host_node as node
from harness.package.bundle import bundle
from harness.package.install import InstallFailedError, UnpinnedDependencyError, merge
from harness.package.node_modules import Module, read_modules
from harness.package.platforms import NODE_PROCESSORS, NODE_SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from harness.package.function import FunctionFolder
    from harness.package.platforms import Platform

# No scripts: what they would compile or download is for this machine, and seen by nobody.
_OPTIONS = (
    *("--no-save", "--no-package-lock", "--ignore-scripts", "--no-bin-links", "--omit=dev"),
    *("--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--loglevel=error"),
)

# npm's error codes, and what to do about them; the first that is found counts.
_ADVICE = {
    "ETARGET": "pin a version that exists",
    "E404": "check its name",
    "ERESOLVE": "change the pins that contradict each other",
    "EBADPLATFORM": "pin a version for that platform",
    "ENOTCACHED": "allow the network for the first build",
    "ENOTFOUND": "check the network and the registry settings of npm",
    "ECONNREFUSED": "check the network and the registry settings of npm",
    "ETIMEDOUT": "check the network and the registry settings of npm",
    "EAI_AGAIN": "check the network and the registry settings of npm",
}


def install_node(
    function: FunctionFolder, platform: Platform, *, cache: Path, scratch: Path
) -> dict[str, Path]:
    """Install the requirements beside the function's own files, or make one file of both."""
    del cache  # npm's own, for all that is downloaded; nothing is built
    folder = scratch / "installed"
    _lay_out(function, folder)
    _install(function.requirements, platform, folder)
    modules = read_modules(folder)
    _refuse_unpinned(function, modules)
    if function.bundler is None:
        return merge(function, function.files(), _files(modules, folder))
    tools = scratch / "bundler"
    tools.mkdir()
    _install([function.bundler], None, tools)
    own, left = bundle(function, modules, folder=folder, tools=tools)
    return merge(function, own, _files(left, folder))


def _lay_out(function: FunctionFolder, folder: Path) -> None:
    for name, path in function.files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)


def _install(requirements: Sequence[str], platform: Platform | None, folder: Path) -> None:
    if not requirements:
        return
    options = [*_OPTIONS]
    if platform is not None:
        options += [
            f"--os={NODE_SYSTEMS[platform.system]}",
            f"--cpu={NODE_PROCESSORS[platform.architecture]}",
        ]
        options += [f"--libc={platform.libc}"] if platform.system == "linux" else []
    manifest = folder / "package.json"
    if not manifest.exists():
        # Without one npm would look for a project in the folders above.
        manifest.write_text('{"private": true}\n')
    try:
        process.run([node.find("npm"), "install", *options, "--", *requirements], cwd=folder)
    except process.CommandFailedError as exc:
        # Its first line is the command.
        output = str(exc).partition("\n")[2]
        raise InstallFailedError(requirements, platform or "this machine", output, _ADVICE) from exc


def _refuse_unpinned(function: FunctionFolder, modules: Sequence[Module]) -> None:
    """Let pass what function.toml pins, and what a package pins for itself, as it does its own binaries."""
    pinned = {*function.requirements}
    pinned |= {f"{name}@{wanted}" for module in modules for name, wanted in module.requires.items()}
    pins = sorted(module.pin for module in modules if module.pin not in pinned)
    if pins:
        raise UnpinnedDependencyError(function, pins)


def _files(modules: Iterable[Module], folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for module in modules for path in module.files()}
