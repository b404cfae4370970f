"""The part of the probe that knows how Node.js packages include compiled code."""

from __future__ import annotations

import json
import posixpath
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.package.platforms import Platform

Kind: TypeAlias = Literal[
    "architecture", "handler", "libc", "library", "python", "size", "system", "unreadable"
]

# As in @img/sharp-linuxmusl-x64, prebuilds/darwin-arm64/ and @swc/core-linux-x64-gnu.
_TAG = re.compile(
    r"(?<![a-z0-9])(aix|android|darwin|freebsd|linux|linuxmusl|openbsd|sunos|win32)"
    r"-(arm|arm64|ia32|loong64|ppc64|riscv64|s390x|x64)(?![a-z0-9])"
)
_MANIFEST = re.compile(r"(?P<parents>(.*/)?node_modules/)(@[^/]+/)?[^/]+/package\.json")

# Lambda's LD_LIBRARY_PATH also has /var/task and its lib.
_LIBRARY_FOLDERS = ("", "lib")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing in a package that would fail: what was expected, what is there, what to change."""

    kind: Kind
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def not_loaded(names: Collection[str], platform: Platform) -> set[str]:
    """Return the files for other platforms that have a twin for this one, which is loaded instead."""
    return {
        name
        for name in names
        if (tagged := _TAG.sub(platform.node_tag, name)) != name and _has_twin(tagged, names)
    }


def _has_twin(tagged: str, names: Collection[str]) -> bool:
    # A library's name may include its version, which may differ in the twin: its folder is enough.
    folder = posixpath.dirname(tagged) + "/"
    return tagged in names or (".so" in tagged and any(name.startswith(folder) for name in names))


def missing_binaries(archive: zipfile.ZipFile, names: Sequence[str], platform: Platform) -> Iterator[Finding]:
    """Find packages whose compiled part for this platform is missing; npm may leave out optional ones."""
    for name in names:
        if not (match := _MANIFEST.fullmatch(name)):
            continue
        manifest = _read(archive, name)
        for wanted in manifest.get("optionalDependencies", {}):
            if _is_for(wanted, platform) and f"{match['parents']}{wanted}/package.json" not in names:
                message = (
                    f"expected its compiled part {wanted} beside it, the zip has none; build the package for"
                    f" {platform}, with a network"
                )
                yield Finding(kind="library", path=name, message=message)


def _read(archive: zipfile.ZipFile, name: str) -> Mapping[str, Mapping[str, str]]:
    try:
        manifest = json.loads(archive.read(name))
    except ValueError:
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _is_for(package: str, platform: Platform) -> bool:
    tag = _TAG.search(package)
    if tag is None or tag[0].replace("musl", "") != platform.node_tag.replace("musl", ""):
        return False
    return platform.system != "linux" or ("musl" in package) == (platform.libc == "musl")


def is_reached(name: str, library: str, search: Sequence[str], names: Collection[str]) -> bool:
    """Return whether the loader finds a library of the zip from a module with this rpath."""
    origin = posixpath.dirname(name)
    entries = (part for entry in search for part in entry.split(":") if "ORIGIN" in part)
    folders = [re.sub(r"\$(ORIGIN|\{ORIGIN\})", origin, entry) for entry in entries]
    return any(
        posixpath.normpath(posixpath.join(folder, library)) in names
        for folder in (*folders, *_LIBRARY_FOLDERS)
    )
