"""What made a thumbnail: the function's files, settings and libraries, read from what was deployed."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.bench.contenders import DeployedContender
from benchmarks.gate.snapshot import Provenance
from harness import process
from harness.package.function import FunctionFolder
from harness.package.platforms import Platform, host_platform
from harness.sandbox.runtimes import interpreter

# Compiled code that is the same for every version of Python; a file with a version in its name is not.
_COMPILED = re.compile(r"(\.so(\.\d+)*|\.dylib|\.node)$")
_ONE_PYTHON = re.compile(r"\.cpython-\d+")

_NODE_VERSIONS = re.compile(r"node_modules/@img/[^/]+/versions\.json")
_NODE_PACKAGE = re.compile(r"node_modules/((@[^/]+/)?[^/]+)/package\.json")

# In the function's interpreter, with nothing but its package: what the rig has installed does not count.
_ASK_PYTHON = """
import json
from importlib import metadata

found = {entry.metadata["Name"]: entry.version for entry in metadata.distributions()}
try:
    from PIL import features
    for name, library in (("webp", "libwebp"), ("libjpeg_turbo", "libjpeg-turbo"), ("avif", "libavif")):
        if version := features.version(name):
            found[f"{library} in Pillow"] = version
except ImportError:
    pass
try:
    import pyvips
    found["libvips"] = ".".join(str(pyvips.version(part)) for part in range(3))
except (ImportError, OSError):
    pass
print(json.dumps(found))
"""


class SettingsLog:
    """Keeps the settings that a function logs: JSON lines of its log that have `settings`."""

    def __init__(self) -> None:
        self.settings: dict[str, str] = {}

    def write(self, message: str, *, epoch_ms: int) -> None:
        """Take one line of the log."""
        del epoch_ms
        try:
            line: Any = json.loads(message)
        except ValueError:
            return
        if isinstance(line, dict) and isinstance(line.get("settings"), dict):
            self.settings.update(_flat(line["settings"]))


def describe(
    folder: FunctionFolder, contender: DeployedContender, platform: Platform, *, logged: Mapping[str, str]
) -> Provenance:
    """Describe the function that runs on a platform; `logged` are the settings in its log."""
    with zipfile.ZipFile(contender.package.path) as archive:
        libraries = dict(_node_libraries(archive))
        build = _build(archive)
    # In a container of Lambda's own runtime the package is for another interpreter than the rig's.
    if folder.family.name == "python" and platform == host_platform():
        libraries |= _python_libraries(contender.function.task_root)
    # The bucket's name is another one in each run.
    settings = {
        name: value
        for name, value in {**contender.function.variables, **logged}.items()
        if value != contender.deployment.bucket
    }
    return Provenance(
        name=folder.name,
        runtime=folder.runtime,
        requirements=folder.requirements,
        files_sha256=_files(folder),
        settings=dict(sorted(settings.items())),
        libraries=dict(sorted(libraries.items())),
        platform=f"{platform.system} {platform.libc} {platform.architecture}",
        build=build,
    )


def _flat(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value)


def _files(folder: FunctionFolder) -> dict[str, str]:
    files = {**folder.files(), folder.description.name: folder.description}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def _build(archive: zipfile.ZipFile) -> str:
    digest = hashlib.sha256()
    for name in sorted(archive.namelist()):
        if _COMPILED.search(name) and not _ONE_PYTHON.search(name):
            digest.update(name.encode() + hashlib.sha256(archive.read(name)).digest())
    return digest.hexdigest()


def _python_libraries(task_root: Path) -> dict[str, str]:
    answer = process.run([interpreter(), "-S", "-c", _ASK_PYTHON], env={"PYTHONPATH": str(task_root)})
    libraries: dict[str, str] = json.loads(answer.splitlines()[-1])
    return libraries


def _node_libraries(archive: zipfile.ZipFile) -> Iterable[tuple[str, str]]:
    for name in archive.namelist():
        if found := _NODE_PACKAGE.fullmatch(name):
            yield found[1], str(json.loads(archive.read(name)).get("version"))
        if _NODE_VERSIONS.fullmatch(name):
            versions: dict[str, str] = json.loads(archive.read(name))
            for library, version in versions.items():
                yield f"{library} in sharp", version
