"""A function folder: its description in `function.toml`, and its files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness.errors import ThumbrigError
from harness.package.platforms import RUNTIMES, Language, UnknownRuntimeError

_FILE_NAME = "function.toml"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NODE_PIN = re.compile(r"(?P<name>(@[a-z0-9._-]+/)?[a-z0-9._-]+)@(?P<version>\d+\.\d+\.\d+[A-Za-z0-9.+-]*)")
_BUNDLER_PIN = re.compile(r"esbuild@\d+\.\d+\.\d+")


class FunctionFolderError(ThumbrigError):
    """Raised when a folder does not describe a function; each subclass is one reason."""


class NoFunctionFolderError(FunctionFolderError):
    """Raised when the folder is missing, or is not a folder."""

    def __init__(self, path: Path) -> None:
        found = "a file" if path.exists() else "nothing"
        super().__init__(f"{path}: expected a function folder, found {found}; check the path")


class NoFunctionFileError(FunctionFolderError):
    """Raised when the folder has no `function.toml`."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: expected a {_FILE_NAME} in it, found none; add one to make it a function folder"
        )


class UnreadableFunctionFileError(FunctionFolderError):
    """Raised when `function.toml` is not TOML."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(f"{path}: cannot be read as TOML: {reason}; correct that line")


class FunctionSettingError(FunctionFolderError):
    """Raised when a setting is missing, unknown or malformed."""

    def __init__(self, path: Path, key: str, *, expected: str, got: object) -> None:
        super().__init__(f"{path}: {key}: expected {expected}, got {got}; change that setting")


class RequirementNotPinnedError(FunctionFolderError):
    """Raised when a requirement allows more than one version."""

    def __init__(self, path: Path, requirement: str, *, example: str) -> None:
        super().__init__(
            f"{path}: requirement {requirement!r} is not pinned exactly: another version would make another"
            f" package; write it like {example!r}"
        )


class HandlerNotIncludedError(FunctionFolderError):
    """Raised when the handler's module is not among the files of the package."""

    def __init__(self, path: Path, handler: str, expected: Collection[str]) -> None:
        super().__init__(
            f"{path}: handler {handler!r} needs {' or '.join(expected)} in the package, and no included file"
            " lands there; correct handler, prefix or include"
        )


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A requirement of one version: the package's name, as it is written, and the version."""

    name: str
    version: str


def read_pin(requirement: str) -> Pin | None:
    """Read a requirement of uv's (`Pillow==13.0.0`) or npm's (`sharp@0.34.5`); None if it is not pinned."""
    return _python_pin(requirement) or _node_pin(requirement)


def _python_pin(requirement: str) -> Pin | None:
    try:
        read = Requirement(requirement)
    except InvalidRequirement:
        return None
    specifiers = list(read.specifier)
    if len(specifiers) != 1 or not specifiers[0].operator.startswith("==") or "*" in specifiers[0].version:
        return None
    return Pin(name=read.name, version=specifiers[0].version)


def _node_pin(requirement: str) -> Pin | None:
    match = _NODE_PIN.fullmatch(requirement)
    return Pin(name=match["name"], version=match["version"]) if match else None


@dataclass(frozen=True, kw_only=True)
class RuntimeFamily:
    """What the runtimes of one language have in common."""

    name: Language
    module_endings: tuple[str, ...]
    read_pin: Callable[[str], Pin | None]
    pin_example: str

    def handler_files(self, handler: str) -> list[str]:
        """List the files in which the runtime looks for the handler, as seen from the package's root."""
        module = handler.rpartition(".")[0]
        if self.name == "python":
            module = module.replace(".", "/")
        return [module + ending for ending in self.module_endings]


_PYTHON = RuntimeFamily(
    name="python", module_endings=(".py", "/__init__.py"), read_pin=_python_pin, pin_example="Pillow==13.0.0"
)
_NODE = RuntimeFamily(
    name="nodejs", module_endings=(".js", ".mjs", ".cjs"), read_pin=_node_pin, pin_example="sharp@0.34.5"
)


def runtime_family(runtime: str) -> RuntimeFamily:
    """Return the family that a runtime belongs to."""
    if runtime not in RUNTIMES:
        raise UnknownRuntimeError(runtime)
    return _PYTHON if runtime.startswith(_PYTHON.name) else _NODE


@dataclass(frozen=True, kw_only=True)
class FunctionFolder:
    """A folder that holds a function, as its `function.toml` describes it."""

    path: Path
    name: str
    runtime: str
    handler: str
    prefix: str
    include: tuple[str, ...]
    requirements: tuple[str, ...]
    build: tuple[str, ...]
    """The names of requirements that have no wheel and may be built from source."""
    bundler: str | None
    """The exact version of esbuild that bundles a Node.js function with its plain JavaScript."""
    cannot: Mapping[str, str] = field(hash=False)
    """What the function cannot do: names of pictures and of scenarios, each with the reason."""

    @classmethod
    def load(cls, path: Path) -> FunctionFolder:
        """Read and check a folder's `function.toml`."""
        if not path.is_dir():
            raise NoFunctionFolderError(path)
        settings = _Table(path / _FILE_NAME, "", _read_toml(path))
        package = settings.table("package", required=True)
        function = cls(
            path=path,
            name=settings.text("name"),
            runtime=settings.text("runtime"),
            handler=settings.text("handler"),
            prefix=package.text("prefix", default="").strip("/"),
            include=package.texts("include", required=True),
            requirements=package.texts("requirements"),
            build=package.texts("build"),
            bundler=package.text("bundler", default="") or None,
            cannot=settings.table("cannot").all_texts(),
        )
        settings.refuse_others("name", "runtime", "handler", "package", "cannot")
        package.refuse_others("prefix", "include", "requirements", "build", "bundler")
        function._check()
        return function

    @property
    def description(self) -> Path:
        """The file that describes the folder."""
        return self.path / _FILE_NAME

    @property
    def family(self) -> RuntimeFamily:
        """The family of the function's runtime."""
        return runtime_family(self.runtime)

    def files(self) -> dict[str, Path]:
        """Return the folder's own files by their names in the package, sorted."""
        found: dict[str, Path] = {}
        for pattern in self.include:
            matches = [
                path for path in self.path.glob(pattern) if path.is_file() and not self._is_litter(path)
            ]
            if not matches:
                raise self._wrong("include", "globs that match files", f"{pattern!r}, matching none")
            for path in matches:
                found[str(PurePosixPath(self.prefix) / path.relative_to(self.path).as_posix())] = path
        return dict(sorted(found.items()))

    def requirement_names(self) -> dict[str, str]:
        """Return the requirements by the canonical names of their packages."""
        pins = {text: self.family.read_pin(text) for text in self.requirements}
        return {canonicalize_name(pin.name): text for text, pin in pins.items() if pin}

    def _is_litter(self, path: Path) -> bool:
        parts = path.relative_to(self.path).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        return hidden or path.suffix in {".pyc", ".pyo"}

    def _check(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise self._wrong("name", "1 to 64 letters, digits, - and _", repr(self.name))
        if not all(self.handler.rpartition(".")):
            raise self._wrong("handler", "module.function", repr(self.handler))
        self._check_globs()
        self._check_requirements()
        expected = self.family.handler_files(self.handler)
        if not self.files().keys() & set(expected):
            raise HandlerNotIncludedError(self.description, self.handler, expected)

    def _check_globs(self) -> None:
        for text in (self.prefix, *self.include):
            if ".." in PurePosixPath(text).parts or text.startswith("/"):
                raise self._wrong("package", "paths inside the folder", repr(text))
        for pattern in self.include:
            # Before Python 3.13 such a glob matches folders only, from then on files as well.
            if not pattern or pattern.endswith("**"):
                raise self._wrong("include", "globs that end in a file, like '**/*'", repr(pattern))

    def _check_requirements(self) -> None:
        for requirement in self.requirements:
            if self.family.read_pin(requirement) is None:
                raise RequirementNotPinnedError(
                    self.description, requirement, example=self.family.pin_example
                )
        for name in self.build:
            if canonicalize_name(name) not in self.requirement_names():
                raise self._wrong("build", "names of requirements", repr(name))
        if self.bundler is None:
            return
        if self.family is not _NODE:
            raise self._wrong("bundler", "a Node.js runtime for it", self.runtime)
        if not _BUNDLER_PIN.fullmatch(self.bundler):
            raise RequirementNotPinnedError(self.description, self.bundler, example="esbuild@0.28.2")

    def _wrong(self, key: str, expected: str, got: str) -> FunctionSettingError:
        return FunctionSettingError(self.description, key, expected=expected, got=got)


def _read_toml(folder: Path) -> dict[str, Any]:
    path = folder / _FILE_NAME
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise NoFunctionFileError(folder) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as exc:
        raise UnreadableFunctionFileError(path, exc) from exc


class _Table:
    """One table of the file; its methods check a value's form."""

    def __init__(self, path: Path, name: str, values: Mapping[str, Any]) -> None:
        self._path, self._name, self._values = path, name, values

    def text(self, key: str, *, default: str | None = None) -> str:
        value = self._values.get(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, "a string", value)
        return value

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        value = self._values.get(key, None if required else [])
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self._wrong(key, "a list of strings", value)
        if required and not value:
            raise self._wrong(key, "at least one", "an empty list")
        return tuple(value)

    def all_texts(self) -> dict[str, str]:
        for key, value in self._values.items():
            if not isinstance(value, str) or not value.strip():
                raise self._wrong(key, "a string that gives the reason", repr(value))
        return dict(self._values)

    def table(self, key: str, *, required: bool = False) -> _Table:
        value = self._values.get(key, None if required else {})
        if not isinstance(value, dict):
            raise self._wrong(key, "a table", value)
        return _Table(self._path, key, value)

    def refuse_others(self, *known: str) -> None:
        for key in self._values.keys() - set(known):
            raise self._wrong(key, f"one of {', '.join(known)}", "an unknown setting")

    def _wrong(self, key: str, expected: str, value: object) -> FunctionSettingError:
        key = f"{self._name}.{key}" if self._name else key
        got = "nothing" if value is None else value if isinstance(value, str) else repr(value)
        return FunctionSettingError(self._path, key, expected=expected, got=got)
