"""How the commands print: one console, and one way to end with an error."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Final

import click
from rich.console import Console

from harness.errors import ThumbrigError

# The command could not do its job; 1 means that it did, and that the answer is no.
EXIT_CANNOT: Final = 2
_EXIT_INTERRUPTED: Final = 130
# Without a terminal, rich assumes 80 columns.
_LOG_WIDTH: Final = 170


def console(*, stderr: bool = False) -> Console:
    """Return a console whose tables keep their width in a log."""
    made = Console(highlight=False, stderr=stderr)
    return made if made.is_terminal else Console(highlight=False, stderr=stderr, width=_LOG_WIDTH)


@contextlib.contextmanager
def errors_in_one_line(*, interrupted: str = "interrupted, everything is stopped") -> Iterator[None]:
    """Turn an error of the rig's own (exit code 2) or Ctrl-C (130) into one line that ends the command."""
    try:
        yield
    except ThumbrigError as exc:
        click.echo(f"thumbrig: {exc}", err=True)
        sys.exit(EXIT_CANNOT)
    except KeyboardInterrupt:
        click.echo(f"thumbrig: {interrupted}", err=True)
        sys.exit(_EXIT_INTERRUPTED)


class Commands(click.Group):
    """A group of commands that print the rig's own errors in one line, without a traceback."""

    def invoke(self, context: click.Context) -> object:
        """Run the command that was asked for."""
        with errors_in_one_line():
            return super().invoke(context)
