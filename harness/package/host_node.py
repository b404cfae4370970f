"""The Node.js of this machine."""

from __future__ import annotations

import functools
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness import process
from harness.errors import ThumbrigError

_VERSION = re.compile(r"v(?P<major>\d+)\.\d+\.\d+")


class NoNodeError(ThumbrigError):
    """Raised when node or npm is needed and not on PATH."""

    def __init__(self, command: str) -> None:
        super().__init__(
            f"functions in Node.js need {command!r}: expected it on PATH, found none; install Node.js 20 or"
            " later, which brings node and npm"
        )


@dataclass(frozen=True, kw_only=True)
class Node:
    """An installed Node.js."""

    executable: Path
    version: str

    @property
    def major(self) -> int:
        """The first number of the version, as in the names of Lambda's runtimes."""
        match = _VERSION.match(self.version)
        return int(match["major"]) if match else 0


@functools.cache
def host_node() -> Node:
    """Find this machine's Node.js itself: a version manager's shim would need a home folder."""
    said = process.run([find("node"), "-p", "JSON.stringify([process.execPath, process.version])"])
    executable, version = json.loads(said)
    return Node(executable=Path(executable), version=version)


def find(command: str) -> str:
    """Find node, or a command that comes with it."""
    if (path := shutil.which(command)) is None:
        raise NoNodeError(command)
    return path
