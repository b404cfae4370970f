"""The command line of the measurements: `python -m benchmarks`."""

from __future__ import annotations

from importlib.util import find_spec

import click
import pytest
from click.testing import CliRunner

from benchmarks import __main__ as commands
from harness.errors import ThumbrigError


def test_every_command_names_a_module_that_is_there() -> None:
    assert [module for module, _ in commands.COMMANDS.values() if find_spec(module) is None] == []


def test_the_help_lists_every_command_and_loads_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "import_module", lambda name: pytest.fail(f"loaded {name}"))

    result = CliRunner().invoke(commands.main, ["--help"])

    assert result.exit_code == 0
    assert [name for name in commands.COMMANDS if f"\n  {name} " not in result.output] == []


def test_an_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(commands.main, ["bnech"])

    assert result.exit_code == 2
    assert "No such command 'bnech'" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        pytest.param(ThumbrigError("no place"), 2, "thumbrig: no place\n", id="of-the-rig"),
        pytest.param(KeyboardInterrupt(), 130, "thumbrig: interrupted, everything is stopped\n", id="ctrl-c"),
    ],
)
def test_an_error_of_a_command_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str
) -> None:
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr(commands.main, "get_command", lambda *_: failing)

    result = CliRunner().invoke(commands.main, ["bench"])

    assert (result.exit_code, result.stderr) == (code, line)
