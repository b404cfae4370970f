from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.files import (
    UnreadableFileError,
    read_document,
    read_json,
    replace_file,
    unfinished_file,
    write_json,
)


@dataclass(frozen=True, kw_only=True)
class _Part:
    name: str
    size_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Result:
    title: str
    parts: list[_Part]


_RESULT = _Result(title="Zoë", parts=[_Part(name="a", size_bytes=1), _Part(name="b")])
_EXPECTED = "a result, in format 3"


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "it.txt"
    path.write_text("before")

    replace_file(path, "after")

    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def _write_half(path: Path) -> None:
    with unfinished_file(path) as unfinished:
        unfinished.write_text("half")
        raise ZeroDivisionError


def test_a_block_that_fails_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "it.txt"
    path.write_text("before")

    with pytest.raises(ZeroDivisionError):
        _write_half(path)

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_others_may_read_a_file_that_was_replaced(tmp_path: Path) -> None:
    replace_file(tmp_path / "it.bin", b"x")

    assert (tmp_path / "it.bin").stat().st_mode & 0o777 == 0o644


def test_a_stored_result_has_its_format_first_and_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "result.json"

    write_json(path, _RESULT, format_number=3)

    assert list(json.loads(path.read_text())) == ["format", "title", "parts"]
    assert read_json(path, _Result, format_number=3, expected=_EXPECTED) == _RESULT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("not JSON", "Expecting value", id="no-json"),
        pytest.param("[]", "no JSON object", id="no-object"),
        pytest.param("{}", "no format's number", id="no-format"),
        pytest.param('{"format": 2}', "format 2", id="another-format"),
        pytest.param('{"format": 3, "title": "x"}', "missing required field `parts`", id="half"),
        pytest.param('{"format": 3, "title": "x", "parts": [{"name": 1}]}', r"\$.parts\[0\].name", id="type"),
    ],
)
def test_what_is_no_result_is_refused_with_the_part_that_is_wrong(
    tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "result.json"
    path.write_text(text)

    with pytest.raises(UnreadableFileError, match=rf"expected {_EXPECTED}, got .*{reason}"):
        read_json(path, _Result, format_number=3, expected=_EXPECTED)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"nothing.json: expected .* No such file"):
        read_document(tmp_path / "nothing.json", format_number=3, expected=_EXPECTED)
