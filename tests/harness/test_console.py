from __future__ import annotations

import pytest

from harness.console import console, errors_in_one_line
from harness.errors import ThumbrigError


def _end(error: BaseException) -> int | str | None:
    with pytest.raises(SystemExit) as ended, errors_in_one_line():
        raise error
    return ended.value.code


def test_an_error_of_the_rig_ends_a_command_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert _end(ThumbrigError("expected a photo")) == 2
    assert capsys.readouterr().err == "thumbrig: expected a photo\n"


def test_ctrl_c_ends_a_command_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert _end(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "thumbrig: interrupted, everything is stopped\n"


def test_any_other_error_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), errors_in_one_line():
        raise ZeroDivisionError


def test_a_line_of_a_log_may_be_wide(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("x" * 160)

    assert capsys.readouterr().out == "x" * 160 + "\n"
