"""Shows how far a sweep is: a bar and the time left on a terminal, a line for each stage elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def show(stage: str, total: int, done: Iterator[int]) -> None:
    """Run a stage to its end; `done` gives how many trials each step has added."""
    console = Console(stderr=True, highlight=False)
    start = time.monotonic()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("trials"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(stage, total=total)
        for count in done:
            bar.advance(task, count)
    console.print(f"{stage}: {total:,} trials in {time.monotonic() - start:.1f} s")
