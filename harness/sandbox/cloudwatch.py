"""Writes functions' logs to CloudWatch Logs, with the function's own credentials, as Lambda does."""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_logs.type_defs import InputLogEventTypeDef

_log = logging.getLogger(__name__)

# PutLogEvents takes at most 10,000 events and 1 MiB a call; a function's line is seldom over 1 KiB.
_BATCH_EVENTS = 500


@dataclass(frozen=True, kw_only=True)
class _Line:
    stream: str
    message: str
    epoch_ms: int


class LogGroupWriter:
    """Takes lines at once and writes them from a thread of its own, in their order."""

    def __init__(self, client: CloudWatchLogsClient, group: str) -> None:
        self._client = client
        self._group = group
        self._streams: set[str] = set()
        self._warned = False
        self._lines: queue.Queue[_Line | None] = queue.Queue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def stream(self, name: str) -> LogStream:
        """Give the sink for one environment's lines."""
        return LogStream(self._lines, name)

    def close(self) -> None:
        """Write what is still waiting, then end."""
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
        """Take one line, written at that time."""
        self.lines.put(_Line(stream=self.name, message=message, epoch_ms=epoch_ms))
