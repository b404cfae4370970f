"""From a function folder to the zip that Lambda takes: the same bytes for the same content."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from uv import find_uv_bin

from harness import guardian, process
from harness.errors import ThumbrigError
from harness.function import normalised
from harness.platforms import MACHINES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.function import FunctionFolder
    from harness.platforms import Platform

# A zip cannot name an earlier time.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)

# On 56 MB of libraries: level 1 gives 21.7 MB in 0.9 s, 6 gives 20.3 MB in 1.8 s, 9 gives 20.3 MB in 5.5 s.
_COMPRESSION_LEVEL = 6

# What tells of the installation and not of the distribution. RECORD would list files that are left out; WHEEL
# names the version of the tool that built it, which for a source distribution is the newest of that day.
_INSTALLATION_NOTES = frozenset(
    {"RECORD", "WHEEL", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"}
)

# Words of uv's, and what to do about them; the first that is found counts.
_ADVICE = (
    (
        "no usable wheels",
        "pin a version that has a wheel for it, or name it in [package] build of function.toml",
    ),
    ("requested Python version", "pin a version for that Python"),
    ("there is no version of", "pin a version that exists"),
    ("was not found in the package registry", "check its name"),
    ("network was disabled", "allow the network for the first build"),
    ("Failed to fetch", "check the network and the index settings of uv"),
    ("depends on", "change the pins that contradict each other"),
    ("Failed to build", "pin a version that has a wheel, or install what its build asks for"),
)


class PythonOnlyError(ThumbrigError):
    """Raised when a function of another language than Python is to be packaged."""

    def __init__(self, function: FunctionFolder) -> None:
        super().__init__(
            f"{function.description}: runtime {function.runtime!r} cannot be packaged: Python runtimes are"
            " what can be packaged; set one of these, or hand over a zip that was made elsewhere"
        )


class InstallFailedError(ThumbrigError):
    """Raised when uv cannot install what a function requires; ends with uv's last lines."""

    def __init__(self, requirements: Sequence[str], platform: Platform, output: str) -> None:
        named = [text for text in requirements if _mentions(output, text)] or requirements
        advice = next((advice for words, advice in _ADVICE if words in output), "see what uv says")
        super().__init__(f"cannot install {', '.join(named)} for {platform}: {advice}\n{output}".rstrip())


class UnpinnedDependencyError(ThumbrigError):
    """Raised when a requirement brought another distribution along, in whatever version was newest."""

    def __init__(self, function: FunctionFolder, pins: Sequence[str]) -> None:
        super().__init__(
            f"{function.description}: the requirements bring along {', '.join(pins)}, whose versions nothing"
            f" pins; add to requirements: {', '.join(json.dumps(pin) for pin in pins)}"
        )


class FileTwiceError(ThumbrigError):
    """Raised when a file of the function lands where a requirement has one too."""

    def __init__(self, function: FunctionFolder, names: Sequence[str]) -> None:
        super().__init__(
            f"{function.description}: {', '.join(names)} would be both the function's and a requirement's;"
            " choose another prefix or rename it"
        )


class NotSavedError(ThumbrigError):
    """Raised when a package cannot be written to where a person wants it."""

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


class Installer(Protocol):
    """Installs what the functions of one runtime family require."""

    def __call__(self, function: FunctionFolder, platform: Platform, *, cache: Path, scratch: Path) -> Path:
        """Install into a folder below `scratch`, and return it."""


def build(function: FunctionFolder, platform: Platform, *, cache: Path) -> Package:
    """Package a function for a platform, or return the package that was made of the same content before.

    The bytes depend on the folder's content, the platform and the compressor (zlib) alone: not on time,
    paths, umask or the order of files.
    """
    if function.family.name not in _INSTALLERS:
        raise PythonOnlyError(function)
    path = cache / f"{function.name}-{platform.label}-{_key(function, platform)}.zip"
    if found := _read_package(path):
        return found
    with _scratch_folder(cache) as scratch:
        install = _INSTALLERS[function.family.name]
        installed = _installed_files(install(function, platform, cache=cache, scratch=scratch))
        own = function.files()
        if twice := sorted(own.keys() & installed.keys()):
            raise FileTwiceError(function, twice)
        unfinished = scratch / path.name
        _write_zip(own | installed, unfinished)
        # Whole or not at all, also when two builds of the same content end at once.
        unfinished.replace(path)
    return _describe(path, from_cache=False)


def save(package: Package, path: Path) -> None:
    """Copy a package to where a person wants it."""
    try:
        shutil.copyfile(package.path, path)
    except OSError as exc:
        raise NotSavedError(path, exc) from exc


def _key(function: FunctionFolder, platform: Platform) -> str:
    files = {name: [_is_executable(path), _sha256(path)] for name, path in function.files().items()}
    content = {
        "packer": _sha256(Path(__file__)),
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


@contextlib.contextmanager
def _scratch_folder(cache: Path) -> Iterator[Path]:
    # Beside the finished zips: a file can only be moved into place, or linked, within one file system.
    cache.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="build-", dir=cache))
    guardian.watch_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        guardian.forget_folder(folder)


def _install_python(function: FunctionFolder, platform: Platform, *, cache: Path, scratch: Path) -> Path:
    target = scratch / "installed"
    target.mkdir()
    if not function.requirements:
        return target
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
        raise InstallFailedError(function.requirements, platform, str(exc).partition("\n")[2]) from exc
    _refuse_unpinned(function, target)
    return target


_INSTALLERS: Mapping[str, Installer] = {"python": _install_python}


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


def _write_zip(files: Mapping[str, Path], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, on every machine: the modes count
            mode = 0o755 if _is_executable(files[name]) else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, files[name].read_bytes(), compresslevel=_COMPRESSION_LEVEL)


def _is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IXUSR)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mentions(output: str, requirement: str) -> bool:
    name = normalised(re.split(r"[\[=; ]", requirement)[0])
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", output, re.IGNORECASE) is not None
