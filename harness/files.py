"""Files that the rig writes: whole or not at all, and results as JSON in a numbered format."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


class UnreadableFileError(ThumbrigError):
    """Raised when a file is missing or not in the expected format."""

    def __init__(self, path: Path, expected: str, reason: str) -> None:
        super().__init__(f"{path}: expected {expected}, got {reason}")


class Markers:
    """Two lines of a document, between which a command writes its figures."""

    def __init__(self, name: str) -> None:
        self.begin, self.end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"

    def inserted(self, path: Path, text: str) -> str:
        """Return the document with `text` between its markers; raises UnreadableFileError."""
        expected = f"a text with {self.begin.strip()!r} and its end"
        try:
            before, begin, rest = path.read_text(encoding="utf-8").partition(self.begin)
        except OSError as exc:
            raise UnreadableFileError(path, expected, str(exc.strerror)) from exc
        _, end, after = rest.partition(self.end)
        if not (begin and end):
            raise UnreadableFileError(path, expected, "one without; add both markers")
        return before + begin + text + end + after


def replace_file(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all, even while others read or write it."""
    with unfinished_file(path) as unfinished:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def unfinished_file(path: Path) -> Iterator[Path]:
    """Yield an empty file beside `path`; it replaces `path` if the block succeeds, and is removed if not."""
    descriptor, name = tempfile.mkstemp(prefix=".unfinished-", dir=path.parent)
    os.close(descriptor)
    unfinished = Path(name)
    try:
        yield unfinished
        # mkstemp's files are for their owner alone.
        unfinished.chmod(0o644)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_json(path: Path, value: DataclassInstance, *, format_number: int | str) -> None:
    """Store a dataclass as JSON, its format's number first."""
    document = {"format": format_number, **asdict(value)}
    replace_file(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path, kind: type[T], *, format_number: int | str, expected: str) -> T:
    """Read a stored dataclass; raises UnreadableFileError, which names the part that is wrong."""
    document = read_document(path, format_number=format_number, expected=expected)
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as exc:
        raise UnreadableFileError(path, expected, str(exc)) from exc


def read_document(path: Path, *, format_number: int | str, expected: str) -> dict[str, Any]:
    """Read a JSON object of this format, without its number; raises UnreadableFileError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise UnreadableFileError(path, expected, str(exc)) from exc
    if not isinstance(document, dict):
        raise UnreadableFileError(path, expected, "no JSON object")
    if (found := document.pop("format", None)) != format_number:
        raise UnreadableFileError(path, expected, f"format {found!r}" if found else "no format's number")
    return document
