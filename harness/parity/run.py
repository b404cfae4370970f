"""Runs the scenarios on each local target, one after the other, and writes the page that compares them."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Final

import click

from harness import process
from harness.parity.page import render
from harness.parity.results import RunResult, load
from harness.process import CommandFailedError
from harness.run_folder import run_folder

_TARGETS: Final = ("embedded", "localstack")
_PROJECT: Final = Path(__file__).parents[2]


def run_parity(output: Path) -> None:
    """Measure, compare, write."""
    with run_folder() as folder:
        runs = [_run(target, folder / f"{target}.json") for target in _TARGETS]
    machine = f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()})"
    output.write_text(render(runs, machine=machine))
    click.echo(f"{output} is written")


def _run(target: str, results: Path) -> RunResult:
    click.echo(f"running the scenarios on {target}")
    command = [sys.executable, "-m", "harness", "e2e", "--target", target, "--results", str(results)]
    try:
        process.run(command, cwd=_PROJECT)
    except CommandFailedError:
        # A scenario that fails is what the page is for; a run that could not be made is not.
        if not results.exists():
            raise
    return load(results)
