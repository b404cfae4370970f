"""Installs what a function in Node.js requires, by npm, and bundles it if the function asks for that.

A bundle is one file of the function and the plain JavaScript that it requires. Without one, Node.js finds,
reads and compiles hundreds of files of the AWS SDK at each cold start. The start of the sharp contender (SDK,
client and sharp) took 372 ms of CPU time like that, 335 as one ES module (no less when minified), and 219 as
one CommonJS file.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness import process
from harness.errors import ThumbrigError
from harness.package.function import FunctionFolder
from harness.package.host_node import find
from harness.package.install import InstallFailedError, UnpinnedDependencyError, merge, output_of
from harness.package.platforms import NODE_PROCESSORS, NODE_SYSTEMS, Platform

_SCRIPTS: Final = frozenset({".js", ".mjs", ".cjs"})

# No scripts: they would compile or download for this machine, and nobody would see it.
_OPTIONS = (
    *("--no-save", "--no-package-lock", "--ignore-scripts", "--no-bin-links", "--omit=dev"),
    *("--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--loglevel=error"),
)

# npm's error codes, and what to do about them; the first one found counts.
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


class BundleFailedError(ThumbrigError):
    """Raised when esbuild cannot bundle a function; ends with its last lines."""

    def __init__(self, function: FunctionFolder, output: str) -> None:
        super().__init__(f"{function.description}: {function.bundler} cannot bundle the handler:\n{output}")


@dataclass(frozen=True, kw_only=True)
class Module:
    """One installed package."""

    folder: Path
    name: str
    version: str
    requires: Mapping[str, str] = field(hash=False)
    """Its dependencies, optional or not, each with the versions it accepts."""

    @property
    def pin(self) -> str:
        """The requirement for exactly this version."""
        return f"{self.name}@{self.version}"

    @property
    def is_native(self) -> bool:
        """Whether it contains compiled code."""
        return any(path.suffix == ".node" or ".so" in path.suffixes for path in self.files())

    def files(self) -> Iterator[Path]:
        """List its files, without those of packages nested in it."""
        for path in self.folder.rglob("*"):
            if path.is_file() and "node_modules" not in path.relative_to(self.folder).parts:
                yield path


def install_node(function: FunctionFolder, platform: Platform, *, scratch: Path) -> dict[str, Path]:
    """Return all files of the package by their names in it: the function's own and the installed ones.

    New files are made below `scratch`.
    """
    folder = scratch / "installed"
    _lay_out(function, folder)
    _install(function.requirements, platform, folder)
    modules = _read_modules(folder)
    _refuse_unpinned(function, modules)
    if function.bundler is None:
        return merge(function, function.files(), _files(modules, folder))
    tools = scratch / "bundler"
    tools.mkdir()
    _install([function.bundler], None, tools)
    own, left = _bundle(function, modules, folder=folder, tools=tools)
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
        process.run([find("npm"), "install", *options, "--", *requirements], cwd=folder)
    except process.CommandFailedError as exc:
        raise InstallFailedError(requirements, platform or "this machine", output_of(exc), _ADVICE) from exc


def _refuse_unpinned(function: FunctionFolder, modules: Sequence[Module]) -> None:
    """Accept what function.toml pins, and what a package pins itself, as it does its own binaries."""
    pinned = {*function.requirements}
    pinned |= {f"{name}@{wanted}" for module in modules for name, wanted in module.requires.items()}
    pins = sorted(module.pin for module in modules if module.pin not in pinned)
    if pins:
        raise UnpinnedDependencyError(function, pins)


def _files(modules: Iterable[Module], folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for module in modules for path in module.files()}


def _read_modules(folder: Path) -> list[Module]:
    """List the packages below the folder's `node_modules`, nested ones too."""
    modules = []
    for path in sorted([*folder.glob("node_modules/*"), *folder.glob("node_modules/@*/*")]):
        if path.name.startswith((".", "@")) or not (path / "package.json").is_file():
            continue
        manifest = json.loads((path / "package.json").read_text(encoding="utf-8"))
        requires = manifest.get("dependencies", {}) | manifest.get("optionalDependencies", {})
        modules.append(
            Module(folder=path, name=manifest["name"], version=manifest["version"], requires=requires)
        )
        modules += _read_modules(path)
    return modules


def _bundle(
    function: FunctionFolder, modules: Sequence[Module], *, folder: Path, tools: Path
) -> tuple[dict[str, Path], list[Module]]:
    """Bundle the handler in `folder`; return the function's files, and the packages still needed.

    A package finds its compiled code by its own path, so it stays a package, with all that it requires.
    """
    own = function.files()
    entry = next(name for name in function.family.handler_files(function.handler) if name in own)
    bundled = tools / "bundle.cjs"
    version = function.runtime.removeprefix("nodejs").removesuffix(".x")
    left = _not_bundled(modules)
    # The program itself: npm ran no script that would replace esbuild's wrapper by it.
    (program,) = tools.glob("node_modules/@esbuild/*/bin/esbuild")
    command = [str(program), entry, "--bundle", "--platform=node", "--format=cjs", f"--target=node{version}"]
    command += [f"--external:{name}" for name in sorted({module.name for module in left})]
    command += [f"--outfile={bundled}", "--log-level=warning", "--log-override:empty-import-meta=error"]
    try:
        # In the folder: the bundle's comments have the paths as seen from there.
        process.run(command, cwd=folder)
    except process.CommandFailedError as exc:
        raise BundleFailedError(function, output_of(exc)) from exc
    resources = {name: path for name, path in own.items() if path.suffix not in _SCRIPTS}
    # Every runtime client looks for .js first, and some for nothing else. But beside a package.json such a
    # file may count as an ES module.
    ending = ".cjs" if "package.json" in resources else ".js"
    return resources | {f"{entry.rpartition('.')[0]}{ending}": bundled}, left


def _not_bundled(modules: Sequence[Module]) -> list[Module]:
    native = {module.name for module in modules if module.is_native}
    needing = {module.name for module in modules if native & module.requires.keys()}
    wanted = native | needing
    while more := {name for module in modules if module.name in wanted for name in module.requires} - wanted:
        wanted |= more
    return [module for module in modules if module.name in wanted]
