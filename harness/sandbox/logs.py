"""A function's log: the lines that its process writes, and their way to CloudWatch Logs."""

from __future__ import annotations

import logging
import os
import queue
import select
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_logs.type_defs import InputLogEventTypeDef

    from harness.process import Process

_log = logging.getLogger(__name__)

# awslambdaric ends the inner lines of a traceback with this, so that a log takes it for one entry.
_INNER_LINE_END: Final = "\r"
_CHUNK_BYTES: Final = 65536

# PutLogEvents takes at most 10,000 events and 1 MiB a call; a function's line is seldom over 1 KiB.
_BATCH_EVENTS: Final = 500


class LogSink(Protocol):
    """Where the lines of a function's log go."""

    def write(self, message: str, *, epoch_ms: int) -> None:
        """Take one line that was written at that time."""


class Silence:
    """Drops every line: for functions whose log nobody reads."""

    def write(self, message: str, *, epoch_ms: int) -> None:
        """Drop it."""


class ProcessOutput:
    """Follows a process's output and passes each line on to a log."""

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
        """Pass on all that has been written so far, so that what is logged next comes after it."""
        with self._lock:
            while not self._ended.is_set() and self._take():
                pass

    def close(self) -> None:
        """Pass on what the ended process left, including a last line without a line end."""
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


@dataclass(frozen=True, kw_only=True)
class _Line:
    stream: str
    message: str
    epoch_ms: int


class LogGroupWriter:
    """Writes lines to CloudWatch Logs from a thread of its own, in their order.

    With the function's own credentials, as Lambda does.
    """

    def __init__(self, client: CloudWatchLogsClient, group: str) -> None:
        self._client = client
        self._group = group
        self._streams: set[str] = set()
        self._warned = False
        self._lines: queue.Queue[_Line | None] = queue.Queue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def stream(self, name: str) -> LogStream:
        """Return the sink for one environment's lines."""
        return LogStream(self._lines, name)

    def close(self) -> None:
        """Write what is still waiting, and end the thread."""
        self._lines.put(None)
        self._thread.join()

    def _write(self) -> None:
        while batch := self._next_batch():
            lines = [line for line in batch if line is not None]
            for stream in dict.fromkeys(line.stream for line in lines):
                self._put(stream, [line for line in lines if line.stream == stream])
            if None in batch:
                return

    def _next_batch(self) -> list[_Line | None]:
        batch = [self._lines.get()]
        while not self._lines.empty() and len(batch) < _BATCH_EVENTS:
            batch.append(self._lines.get())
        return batch

    def _put(self, stream: str, lines: Iterable[_Line]) -> None:
        events: list[InputLogEventTypeDef] = [
            {"timestamp": line.epoch_ms, "message": line.message} for line in lines
        ]
        try:
            if stream not in self._streams:
                self._client.create_log_stream(logGroupName=self._group, logStreamName=stream)
                self._streams.add(stream)
            self._client.put_log_events(logGroupName=self._group, logStreamName=stream, logEvents=events)
        except (BotoCoreError, ClientError) as exc:
            # As on Lambda: a role that may not write logs, or a log group that is gone, stops no function.
            if not self._warned:
                _log.warning("no log in %s: %s", self._group, exc)
            self._warned = True


@dataclass(frozen=True)
class LogStream:
    """The sink for one environment's lines."""

    lines: queue.Queue[_Line | None]
    name: str

    def write(self, message: str, *, epoch_ms: int) -> None:
        """Take one line that was written at that time."""
        self.lines.put(_Line(stream=self.name, message=message, epoch_ms=epoch_ms))
