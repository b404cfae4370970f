"""The platforms that packages are made for: Lambda's environments, and this machine."""

from __future__ import annotations

import ctypes
import platform as machine
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.errors import ThumbrigError
from harness.package.host_node import host_node

Architecture: TypeAlias = Literal["x86_64", "arm64"]
System: TypeAlias = Literal["linux", "macos"]
Libc: TypeAlias = Literal["glibc", "musl", "libSystem"]
Language: TypeAlias = Literal["python", "nodejs"]

# The names of Lambda's x86_64 and arm64 in Amazon Linux and in wheels.
MACHINES: Mapping[Architecture, str] = {"x86_64": "x86_64", "arm64": "aarch64"}
# The names of processors and systems in Node.js.
NODE_PROCESSORS: Mapping[Architecture, str] = {"x86_64": "x64", "arm64": "arm64"}
NODE_SYSTEMS: Mapping[System, str] = {"linux": "linux", "macos": "darwin"}


class UnknownRuntimeError(ThumbrigError):
    """Raised when the rig does not know a runtime."""

    def __init__(self, runtime: str) -> None:
        super().__init__(f"unknown runtime {runtime!r}: expected one of {', '.join(RUNTIMES)}")


class UnsupportedNodeError(ThumbrigError):
    """Raised when no Lambda runtime has the version of this machine's Node.js."""

    def __init__(self, version: str) -> None:
        known = ", ".join(runtime for runtime in RUNTIMES if runtime.startswith("nodejs"))
        super().__init__(
            f"this machine has Node.js {version}: expected one that Lambda has too ({known}); install that"
        )


class UnsupportedHostError(ThumbrigError):
    """Raised when the rig cannot make packages for this machine."""

    def __init__(self, system: str, processor: str) -> None:
        super().__init__(
            f"no packages for {system} on {processor}: expected Linux or macOS on x86_64 or arm64;"
            " run the rig on one of these, in a virtual machine or a container if need be"
        )


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A runtime on a system, an architecture and a libc."""

    runtime: str
    system: System
    architecture: Architecture
    libc: Libc
    newest_symbols: Mapping[str, tuple[int, ...]] = field(hash=False)
    """The newest version of each family of symbols in its libraries."""
    base_libraries: frozenset[str] | None
    """The shared libraries that a package may use; None: those that this machine's loader finds."""
    wheel_tag: str | None
    """The newest wheels that run there, in uv's notation without the processor; None: this machine's own."""

    @property
    def python(self) -> str:
        """The version of Python, as in `3.13`."""
        return self.runtime.removeprefix("python")

    @property
    def module_tag(self) -> str:
        """The tag before `.so` in the name of a compiled module that its Python imports."""
        tag = f"cpython-{self.python.replace('.', '')}"
        if self.system == "macos":
            return f"{tag}-darwin"
        return f"{tag}-{MACHINES[self.architecture]}-linux-{'musl' if self.libc == 'musl' else 'gnu'}"

    @property
    def node_tag(self) -> str:
        """The tag in the names of compiled Node.js packages, as in `@img/sharp-linux-x64`."""
        musl = "musl" if self.libc == "musl" else ""
        return f"{NODE_SYSTEMS[self.system]}{musl}-{NODE_PROCESSORS[self.architecture]}"

    @property
    def label(self) -> str:
        """A short name for files."""
        return f"{self.runtime}-{self.system}-{self.libc}-{self.architecture}"

    def __str__(self) -> str:
        version = ".".join(map(str, self.newest_symbols.get("GLIBC", ())))
        libc = f"{self.libc} {version}".rstrip()
        return f"{self.runtime} on {self.architecture} {self.system} ({libc})"

    def provides(self, library: str) -> bool:
        """Return whether the platform itself has a shared library."""
        if self.base_libraries is not None:
            return library in self.base_libraries
        try:
            ctypes.CDLL(library)
        except OSError:
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class _AmazonLinux:
    """What one version of Amazon Linux provides to functions."""

    wheel_tag: str
    newest_symbols: Mapping[str, tuple[int, ...]]


# AL2: glibc 2.26, GCC 7.3. AL2023: glibc 2.34, GCC 11
# (https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html). The symbols of each GCC's libstdc++:
# https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html. The tags are the newest of uv's that fit.
_AL2 = _AmazonLinux(
    wheel_tag="manylinux_2_17", newest_symbols={"GLIBC": (2, 26), "GLIBCXX": (3, 4, 24), "CXXABI": (1, 3, 11)}
)
_AL2023 = _AmazonLinux(
    wheel_tag="manylinux_2_34", newest_symbols={"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13)}
)

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
RUNTIMES: Mapping[str, _AmazonLinux] = {
    "python3.11": _AL2,
    "python3.12": _AL2023,
    "python3.13": _AL2023,
    "python3.14": _AL2023,
    "nodejs20.x": _AL2023,
    "nodejs22.x": _AL2023,
    "nodejs24.x": _AL2023,
}

# Only what a Lambda runtime itself needs: glibc's own libraries; libstdc++ and libgcc_s, which AWS's runtime
# client (a C++ module) links to; libz, which Python's zlib links to. The container images have more than
# Lambda does: libexpat is in python:3.12 and missing where the function runs
# (https://github.com/developmentseed/titiler/discussions/1108), although manylinux wheels may use it.
_GLIBC_LIBRARIES = ("libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "libresolv.so.2", "librt.so.1")
_RUNTIME_LIBRARIES = ("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1")
_LOADERS: Mapping[Architecture, str] = {"x86_64": "ld-linux-x86-64.so.2", "arm64": "ld-linux-aarch64.so.1"}


def lambda_platform(runtime: str, architecture: Architecture) -> Platform:
    """Describe Lambda's environment for a runtime on one of its two architectures."""
    if runtime not in RUNTIMES:
        raise UnknownRuntimeError(runtime)
    amazon_linux = RUNTIMES[runtime]
    return Platform(
        runtime=runtime,
        system="linux",
        architecture=architecture,
        libc="glibc",
        newest_symbols=amazon_linux.newest_symbols,
        base_libraries=frozenset((*_GLIBC_LIBRARIES, *_RUNTIME_LIBRARIES, _LOADERS[architecture])),
        wheel_tag=amazon_linux.wheel_tag,
    )


def host_platform(language: Language = "python") -> Platform:
    """Describe this machine with the Python that runs the rig, or with its Node.js."""
    systems: Mapping[str, System] = {"linux": "linux", "darwin": "macos"}
    architectures: Mapping[str, Architecture] = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
    system, processor = sys.platform, machine.machine()
    if system not in systems or processor not in architectures:
        raise UnsupportedHostError(system, processor)
    glibc = _glibc_version() if system == "linux" else None
    return Platform(
        runtime=_host_runtime(language),
        system=systems[system],
        architecture=architectures[processor],
        libc="libSystem" if system == "darwin" else "glibc" if glibc else "musl",
        newest_symbols={"GLIBC": glibc} if glibc else {},
        base_libraries=None,
        wheel_tag=None,
    )


def _host_runtime(language: Language) -> str:
    if language == "python":
        return f"python{sys.version_info.major}.{sys.version_info.minor}"
    runtime = f"nodejs{host_node().major}.x"
    if runtime not in RUNTIMES:
        raise UnsupportedNodeError(host_node().version)
    return runtime


def _glibc_version() -> tuple[int, ...] | None:
    name, version = machine.libc_ver()
    return tuple(map(int, version.split("."))) if name == "glibc" else None
