"""Who does the trials: processes on this machine's cores; or a Dask cluster, by the same interface."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Protocol

from benchmarks.bench.machine import cpu_model
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Iterator


class WorkersError(ThumbrigError):
    """Raised when trials cannot be done by those who were to do them."""


class WorkersLostError(WorkersError):
    """Raised when workers keep ending before their trials do, or none is left."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"expected workers until the sweep is done, {reason}; what was measured is kept,"
            " so start them again and run the same command"
        )


class Workers(Protocol):
    """A crew for the whole sweep."""

    @property
    def machine(self) -> str:
        """What CPU times were measured on."""

    @property
    def count(self) -> int:
        """How many trials run at a time."""

    def executor(self) -> contextlib.AbstractContextManager[Executor]:
        """Give an executor for a round of trials; what is not done when the block ends is not begun."""

    def require_some(self) -> None:
        """Raise WorkersLostError if nobody is left to wait for."""


class LocalWorkers:
    """Processes of this machine, one a core, started when the first trial comes."""

    def __init__(self, count: int | None = None) -> None:
        self.count = count or os.cpu_count() or 1
        self.machine = cpu_model()
        self._pool: ProcessPoolExecutor | None = None
        self._others: set[int | None] = set()

    @contextlib.contextmanager
    def executor(self) -> Iterator[Executor]:
        """Keep the pool from round to round, but for one that is broken or was interrupted."""
        if self._pool is None:
            self._others = {child.pid for child in multiprocessing.active_children()}
            self._pool = ProcessPoolExecutor(
                self.count, mp_context=multiprocessing.get_context("spawn"), initializer=_begin
            )
            _start_all(self._pool, self.count)
        try:
            yield self._pool
        except BaseException:
            self.close()
            raise

    def require_some(self) -> None:
        """Do nothing: a pool whose process ended says so itself."""

    def close(self) -> None:
        """End the processes, also in the middle of a trial: a slow encoder may need many seconds for it."""
        if self._pool:
            for child in multiprocessing.active_children():
                if child.pid not in self._others:
                    child.kill()
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


@contextlib.contextmanager
def local_workers(count: int | None = None) -> Iterator[Workers]:
    """Have processes of this machine while the block lasts."""
    workers = LocalWorkers(count)
    try:
        yield workers
    finally:
        workers.close()


def _start_all(pool: ProcessPoolExecutor, count: int) -> None:
    """Start every process at once, with Ctrl-C held off: it goes to the whole group, and is the parent's.

    A process inherits what is held off; to ignore Ctrl-C once it runs would be too late, as it imports first.
    """
    # Where the tracker is started by the first process, it lets Ctrl-C through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(count):
            pool.submit(os.getpid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """End with a parent that was killed: the queue's own pipe would keep a worker waiting for ever."""
    parent.join()
    os._exit(1)
