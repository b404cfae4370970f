"""The folder that holds all of a run's files."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness import guardian

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def run_folder() -> Iterator[Path]:
    """Make a folder that is gone at the block's end, or at the rig's."""
    folder = Path(tempfile.mkdtemp(prefix="thumbrig-"))
    guardian.watch_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        guardian.forget_folder(folder)
