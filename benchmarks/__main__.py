"""`python -m benchmarks`: one command for each measurement."""

from __future__ import annotations

from importlib import import_module

import click

from harness.console import Commands

# The module that has each command, as `command`; loaded when called, since no environment has every library.
COMMANDS = {
    "bench": ("benchmarks.cli.bench", "Measure functions that make thumbnails, under Lambda's limits."),
    "gate": ("benchmarks.cli.gate", "Hold a function's thumbnails to their baseline."),
    "tune": ("benchmarks.cli.tune", "Search for encoder settings: bytes, SSIMULACRA2, CPU."),
    "engines": ("benchmarks.studies.engines", "Compare Pillow, libvips and `auto` at every picture."),
    "memory": ("benchmarks.studies.memory", "Measure the memory that large pictures of each kind take."),
    "edge": ("benchmarks.studies.edge", "Measure how many requests a second the CDN edge serves."),
    "sandbox": ("benchmarks.studies.sandbox", "Measure what the sandbox itself costs an invocation."),
    "gap": ("scenarios.gap.measure", "Measure the ways over the gap between upload and thumbnail."),
}


class _LazyCommands(Commands):
    """Loads the command that is called."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command | None = getattr(import_module(COMMANDS[name][0]), "command", None)
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_LazyCommands)
def main() -> None:
    """Measure what makes thumbnails, and hold it to what was measured before."""


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
