"""What a runtime process writes, as the lines of a log."""

from __future__ import annotations

import os
import select
import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from harness.process import Process

# awslambdaric ends the inner lines of a traceback with this, so that a log takes it for one entry.
_INNER_LINE_END = "\r"
_CHUNK_BYTES = 65536


class LogSink(Protocol):
    """Where the lines of a function's log go."""

    def write(self, message: str, *, epoch_ms: int) -> None:
        """Take one line, written at that time."""


class Silence:
    """Drops every line: for functions whose log nobody reads."""

    def write(self, message: str, *, epoch_ms: int) -> None:
        """Drop it."""


class Output:
    """Follows a process's output and hands each line to a log."""

    def __init__(self, process: Process, sink: LogSink) -> None:
        if process.stdout is None:
            raise ValueError(process.args)
        self._stream = process.stdout
        self._descriptor = self._stream.fileno()
        os.set_blocking(self._descriptor, False)
        self._sink = sink
        self._rest = b""
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def drain(self) -> None:
        """Hand on all that has been written so far, so that what is logged next stands behind it."""
        with self._lock:
            while not self._ended.is_set() and self._take():
                pass

    def close(self) -> None:
        """Hand on what the ended process left, a last line without its end included."""
        self.drain()
        self._ended.set()
        # The follower first: a closed descriptor's number may be another file's at once.
        self._thread.join()
        self._stream.close()
        if self._rest:
            self._write(self._rest)
            self._rest = b""

    def _follow(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while not self._ended.is_set():
            poll.poll(100)
            self.drain()

    def _take(self) -> bool:
        try:
            chunk = os.read(self._descriptor, _CHUNK_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        if not chunk:
            self._ended.set()
            return False
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._write(line)
        return True

    def _write(self, line: bytes) -> None:
        text = line.decode(errors="replace").replace(_INNER_LINE_END, "\n").rstrip()
        if text:
            self._sink.write(text, epoch_ms=int(time.time() * 1000))
