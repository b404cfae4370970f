"""Finds what in a package would fail on its platform, before it is deployed."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from harness.errors import ThumbrigError
from harness.package import probe_node
from harness.package.function import runtime_family
from harness.package.platforms import Architecture, Libc, Platform
from harness.package.probe_node import Finding, Kind

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 250 MB, in units of 1024 x 1024.
UNZIPPED_LIMIT_BYTES = 262_144_000

_ELF = b"\x7fELF"
_MACH_O = b"\xcf\xfa\xed\xfe"
_MACH_O_UNIVERSAL = b"\xca\xfe\xba\xbe"

_ELF_MACHINES: Mapping[str, Architecture] = {"EM_X86_64": "x86_64", "EM_AARCH64": "arm64"}
_MACH_O_MACHINES: Mapping[int, Architecture] = {0x0100_0007: "x86_64", 0x0100_000C: "arm64"}

# cpython-313-x86_64-linux-gnu in _imaging.cpython-313-x86_64-linux-gnu.so; a library's name has no such part.
_TAGGED = re.compile(r"(?P<stem>[^.]+)\.(?P<tag>cpython-[^.]*)\.so")

_SYMBOL_VERSION = re.compile(r"(?P<family>[A-Z]+)_(?P<version>\d+(\.\d+)*)")
# Marks the use of packed relocations, which glibc can load from 2.36 on.
_PACKED_RELOCATIONS = "GLIBC_ABI_DT_RELR"
_WEAK = 0x2


class UnsoundPackageError(ThumbrigError):
    """Raised when a package would fail on its platform; lists the findings."""

    def __init__(self, zip_path: Path, platform: Platform, findings: list[Finding]) -> None:
        self.findings = findings
        lines = "".join(f"\n  {finding}" for finding in findings)
        super().__init__(f"{zip_path} would fail with {platform}: {len(findings)} finding(s):{lines}")


def require_sound(zip_path: Path, platform: Platform, handler: str) -> None:
    """Raise UnsoundPackageError if `probe` finds anything."""
    if findings := probe(zip_path, platform, handler):
        raise UnsoundPackageError(zip_path, platform, findings)


def probe(zip_path: Path, platform: Platform, handler: str) -> list[Finding]:
    """Find everything in a package that would fail on a platform; a sound package has no findings."""
    try:
        with zipfile.ZipFile(zip_path) as archive:
            return list(_findings(archive, platform, handler))
    except (OSError, zipfile.BadZipFile) as exc:
        message = f"expected a zip, cannot read {zip_path}: {exc}; build the package again"
        return [Finding(kind="unreadable", path="", message=message)]


def _findings(archive: zipfile.ZipFile, platform: Platform, handler: str) -> Iterator[Finding]:
    names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    yield from _handler_missing(names, platform, handler)
    yield from _too_large(archive)
    not_imported: Collection[str]
    if _is_node(platform):
        not_imported = probe_node.not_loaded(names, platform)
        yield from probe_node.missing_binaries(archive, names, platform)
    else:
        modules = _not_imported(names, platform)
        yield from _without_twin(modules, names, platform)
        not_imported = modules
    binaries = {}
    for name in names:
        if name in not_imported:
            continue
        try:
            if binary := _read_binary(archive, name):
                binaries[name] = binary
        except (ELFError, ValueError, zipfile.BadZipFile, zlib.error) as exc:
            message = f"expected a shared library, cannot read it: {exc}; build the package again"
            yield Finding(kind="unreadable", path=name, message=message)
    # Wherever in the zip: the rpath alone does not decide, because a package may load a library by its path
    # first, and then the loader knows it by its name.
    brought = {PurePosixPath(name).name for name in names} | {binary.soname for binary in binaries.values()}
    for name, binary in binaries.items():
        yield from _unloadable(name, binary, platform, brought)
    if _is_node(platform):
        yield from _unreached(binaries, names, brought)


def _is_node(platform: Platform) -> bool:
    return runtime_family(platform.runtime).name == "nodejs"


def _unreached(
    binaries: Mapping[str, _Binary], names: list[str], brought: Collection[str]
) -> Iterator[Finding]:
    # Modules alone: they load libraries by their own rpath, and then the loader knows these by their names.
    for name, binary in binaries.items():
        if PurePosixPath(name).suffix != ".node":
            continue
        for library in binary.needed:
            if library in brought and not probe_node.is_reached(name, library, binary.search, names):
                searched = ":".join(binary.search) or "nothing"
                message = (
                    f"needs {library}, lying in the zip where the loader does not look (rpath {searched})"
                    "; install the versions that belong together"
                )
                yield Finding(kind="library", path=name, message=message)


def _handler_missing(names: list[str], platform: Platform, handler: str) -> Iterator[Finding]:
    expected = runtime_family(platform.runtime).handler_files(handler)
    compiled = re.compile(
        re.escape(PurePosixPath(expected[0]).with_suffix("").as_posix()) + r"(\.[^./]+)?\.so"
    )
    if any(name in expected or compiled.fullmatch(name) for name in names):
        return
    message = (
        f"handler {handler!r} needs {' or '.join(expected)}, and the zip has none of them; correct the"
        " handler, or the folder of the zip that the function's files land in"
    )
    yield Finding(kind="handler", path=expected[0], message=message)


def _too_large(archive: zipfile.ZipFile) -> Iterator[Finding]:
    unzipped_bytes = sum(entry.file_size for entry in archive.infolist())
    if unzipped_bytes > UNZIPPED_LIMIT_BYTES:
        message = (
            f"Lambda takes at most {UNZIPPED_LIMIT_BYTES:,} bytes unzipped, the package has"
            f" {unzipped_bytes:,}; leave out what the function does not use"
        )
        yield Finding(kind="size", path="", message=message)


def _not_imported(names: list[str], platform: Platform) -> dict[str, re.Match[str]]:
    """Return the compiled modules that, by their names, are for another Python or machine."""
    matches = {name: _TAGGED.fullmatch(PurePosixPath(name).name) for name in names}
    return {name: match for name, match in matches.items() if match and match["tag"] != platform.module_tag}


def _without_twin(
    modules: Mapping[str, re.Match[str]], names: list[str], platform: Platform
) -> Iterator[Finding]:
    # A package may have one file for each Python: the right one is imported, and the others do no harm.
    endings = (f".{platform.module_tag}.so", ".abi3.so", ".so")
    for name, module in modules.items():
        folder = PurePosixPath(name).parent
        if any(str(folder / (module["stem"] + ending)) in names for ending in endings):
            continue
        message = (
            f"expected {platform.module_tag} or abi3, got {module['tag']}, which {platform.runtime} does not"
            f" import there; build the package for {platform}"
        )
        yield Finding(kind=_difference(module["tag"], platform), path=name, message=message)


def _difference(tag: str, platform: Platform) -> Kind:
    """Return which part of a tag differs: cpython-313-x86_64-linux-gnu, cpython-313-darwin."""
    wanted, got = platform.module_tag.split("-"), tag.split("-")
    if ("linux" in got) != ("linux" in wanted):
        return "system"
    if got[:2] != wanted[:2]:
        return "python"
    return "architecture" if got[2] != wanted[2] else "libc"


@dataclass(frozen=True, kw_only=True)
class _Binary:
    """What the loader reads of a compiled file before it loads it."""

    system: str
    architectures: frozenset[str] = frozenset()
    soname: str = ""
    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    """Its rpaths, unresolved."""
    symbols: tuple[tuple[str, str], ...] = ()
    """Libraries, and the symbol versions that it needs of them."""

    @property
    def libc(self) -> Libc | None:
        if any(library == "libc.so" or library.startswith("libc.musl-") for library in self.needed):
            return "musl"
        return "glibc" if "libc.so.6" in self.needed else None


def _read_binary(archive: zipfile.ZipFile, name: str) -> _Binary | None:
    with archive.open(name) as file:
        start = file.read(4096)
    if start.startswith(_ELF):
        return _read_elf(archive.read(name))
    # Other systems' programs may be mere resources; only modules are loaded.
    return _read_mach_o(start) if PurePosixPath(name).suffix in {".so", ".node"} else None


def _read_elf(content: bytes) -> _Binary:
    elf = ELFFile(io.BytesIO(content))
    machine = elf["e_machine"]
    return _Binary(
        system="linux",
        architectures=frozenset({_ELF_MACHINES.get(machine, machine)}),
        soname="".join(_dynamic_names(elf, "DT_SONAME")),
        needed=tuple(_dynamic_names(elf, "DT_NEEDED")),
        search=(*_dynamic_names(elf, "DT_RPATH"), *_dynamic_names(elf, "DT_RUNPATH")),
        symbols=tuple(_symbols(elf)),
    )


def _dynamic_names(elf: ELFFile, tag: str) -> Iterator[str]:
    # pyelftools stores the name on the tag, in an attribute named like the tag.
    attribute = tag.removeprefix("DT_").lower()
    for segment in elf.iter_segments():
        if isinstance(segment, DynamicSegment):
            yield from (str(getattr(entry, attribute)) for entry in segment.iter_tags(tag))


def _symbols(elf: ELFFile) -> Iterator[tuple[str, str]]:
    for section in elf.iter_sections():
        if not isinstance(section, GNUVerNeedSection):
            continue
        for library, versions in section.iter_versions():
            # Of a weak one that is missing, the loader only warns.
            strong = (version for version in versions if not version["vna_flags"] & _WEAK)
            yield from ((str(library.name), str(version.name)) for version in strong)


def _read_mach_o(start: bytes) -> _Binary | None:
    if start.startswith(_MACH_O):
        machines = struct.unpack_from("<I", start, 4)
    elif start.startswith(_MACH_O_UNIVERSAL):
        (count,) = struct.unpack_from(">I", start, 4)
        machines = tuple(struct.unpack_from(">I", start, 8 + 20 * index)[0] for index in range(count))
    else:
        return None
    names = (_MACH_O_MACHINES.get(machine, f"processor {machine:#x}") for machine in machines)
    return _Binary(system="macos", architectures=frozenset(names))


def _unloadable(name: str, binary: _Binary, platform: Platform, brought: set[str]) -> Iterator[Finding]:
    def differs(kind: Kind, wanted: str, got: str) -> Finding:
        message = f"expected a library for {wanted}, got one for {got}; build the package for {platform}"
        return Finding(kind=kind, path=name, message=message)

    if binary.system != platform.system:
        yield differs("system", platform.system, binary.system)
    elif platform.architecture not in binary.architectures:
        yield differs("architecture", platform.architecture, " and ".join(sorted(binary.architectures)))
    elif binary.libc not in {None, platform.libc}:
        yield differs("libc", platform.libc, str(binary.libc))
    else:
        yield from _missing_libraries(name, binary, platform, brought)
        yield from _missing_symbols(name, binary, platform, brought)


def _missing_libraries(
    name: str, binary: _Binary, platform: Platform, brought: set[str]
) -> Iterator[Finding]:
    for library in binary.needed:
        if library not in brought and not platform.provides(library):
            message = (
                f"needs {library}, which neither the zip nor {platform} has; require a wheel that brings it"
                " along, or add the library to the folder"
            )
            yield Finding(kind="library", path=name, message=message)


def _missing_symbols(name: str, binary: _Binary, platform: Platform, brought: set[str]) -> Iterator[Finding]:
    needed: dict[str, tuple[int, ...]] = {}
    for library, symbol in binary.symbols:
        if library not in brought and (parsed := _parse_symbol(symbol)):
            family, version = parsed
            needed[family] = max(version, needed.get(family, version))
    for family, version in needed.items():
        newest = platform.newest_symbols.get(family, version)
        if version > newest:
            message = (
                f"needs {family}_{_dotted(version)}, and {platform} has {family}_{_dotted(newest)} at most;"
                " require a version whose wheel was built for an older Linux"
            )
            yield Finding(kind="libc" if family == "GLIBC" else "library", path=name, message=message)


def _parse_symbol(symbol: str) -> tuple[str, tuple[int, ...]] | None:
    if symbol == _PACKED_RELOCATIONS:
        return "GLIBC", (2, 36)
    match = _SYMBOL_VERSION.fullmatch(symbol)
    return (match["family"], tuple(map(int, match["version"].split(".")))) if match else None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
