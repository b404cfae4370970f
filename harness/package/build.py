"""Builds the zip that Lambda takes from a function folder: the same bytes for the same content."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ThumbrigError
from harness.package.function import FunctionFolder
from harness.package.node import install_node
from harness.package.platforms import Platform
from harness.package.python import install_python
from harness.run_folder import run_folder

# The earliest time that a zip can hold.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)

# On 56 MB of libraries: level 1 gives 21.7 MB in 0.9 s, 6 gives 20.3 MB in 1.8 s, 9 gives 20.3 MB in 5.5 s.
_COMPRESSION_LEVEL = 6


class NotSavedError(ThumbrigError):
    """Raised when a package cannot be copied to the chosen path."""

    def __init__(self, path: Path, reason: OSError) -> None:
        super().__init__(f"{path}: expected a place for the package, cannot write there: {reason.strerror}")


@dataclass(frozen=True, kw_only=True)
class Package:
    """A zip, ready to be deployed."""

    path: Path
    sha256: str
    zip_bytes: int
    unzipped_bytes: int
    from_cache: bool


# A change in one of these files rebuilds all packages.
_PACKERS = [Path(__file__).with_name(name) for name in ("build.py", "python.py", "node.py")]


def build(function: FunctionFolder, platform: Platform, *, cache: Path) -> Package:
    """Package a function for a platform, or return the earlier package of the same content.

    The bytes depend only on the folder's content, the platform and the compressor (zlib): not on time, paths,
    umask or the order of files.
    """
    path = cache / f"{function.name}-{platform.label}-{_key(function, platform)}.zip"
    if found := _read_package(path):
        return found
    cache.mkdir(parents=True, exist_ok=True)
    # Beside the finished zips: a file can only be moved into place, or linked, within one file system.
    with run_folder(within=cache) as scratch:
        if function.family.name == "nodejs":
            files = install_node(function, platform, scratch=scratch)
        else:
            files = install_python(function, platform, cache=cache, scratch=scratch)
        unfinished = scratch / path.name
        _write_zip(files, unfinished)
        # Whole or not at all, even if two builds of the same content end at once.
        unfinished.replace(path)
    return _describe(path, from_cache=False)


def save(package: Package, path: Path) -> None:
    """Copy a package to another path."""
    try:
        shutil.copyfile(package.path, path)
    except OSError as exc:
        raise NotSavedError(path, exc) from exc


def _key(function: FunctionFolder, platform: Platform) -> str:
    files = {name: [_is_executable(path), _sha256(path)] for name, path in function.files().items()}
    content = {
        "packers": [_sha256(path) for path in _PACKERS],
        "description": _sha256(function.description),
        "files": files,
        "platform": [str(platform), platform.wheel_tag],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _read_package(path: Path) -> Package | None:
    with contextlib.suppress(FileNotFoundError, zipfile.BadZipFile):
        return _describe(path, from_cache=True)
    return None


def _describe(path: Path, *, from_cache: bool) -> Package:
    with zipfile.ZipFile(path) as archive:
        unzipped_bytes = sum(entry.file_size for entry in archive.infolist())
    return Package(
        path=path,
        sha256=_sha256(path),
        zip_bytes=path.stat().st_size,
        unzipped_bytes=unzipped_bytes,
        from_cache=from_cache,
    )


def _write_zip(files: Mapping[str, Path], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, on every machine: only then do the modes count
            mode = 0o755 if _is_executable(files[name]) else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, files[name].read_bytes(), compresslevel=_COMPRESSION_LEVEL)


def _is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IXUSR)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
