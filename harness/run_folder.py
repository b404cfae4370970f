"""What a run takes from this machine: a folder that holds all its files, and free ports on loopback."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from harness import guardian
from harness.errors import ThumbrigError

T = TypeVar("T")

_PORTS_TRIED: Final = 3


class PortTakenError(ThumbrigError):
    """Raised when the port asked for is in use."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use: expected a free one on 127.0.0.1; give another, or none")


def free_port(wanted: int | None) -> int:
    """Check that the wanted port is free, or find one that is."""
    with socket.socket() as probe:
        # As servers do: a port of a connection that has just ended counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except OSError as exc:
            raise PortTakenError(wanted or 0) from exc
        return int(probe.getsockname()[1])


def on_free_port(wanted: int | None, start: Callable[[int], T]) -> T:
    """Start something on the wanted port, or on any that is free; `start` raises PortTakenError.

    Another process may take a free port before `start` does: then it is given another one.
    """
    for _ in range(_PORTS_TRIED - 1):
        try:
            return start(free_port(wanted))
        except PortTakenError:
            if wanted is not None:
                raise
    return start(free_port(wanted))


@contextlib.contextmanager
def run_folder(*, within: Path | None = None) -> Iterator[Path]:
    """Make a folder that is gone at the block's end, or at the rig's."""
    folder = Path(tempfile.mkdtemp(prefix="thumbrig-", dir=within))
    guardian.watch_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        guardian.forget_folder(folder)
