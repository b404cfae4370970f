"""The workers that do the trials: a Dask cluster of this machine's cores, or one that already runs."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import signal
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from multiprocessing import resource_tracker
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from benchmarks.bench.machine import cpu_model
from benchmarks.tuning.trial import versions
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

_PROJECT = Path(__file__).parents[2]
# All that a worker of another machine imports; the rest of the rig stays here.
_CODE = (
    "resizer/**/*.py",
    "benchmarks/__init__.py",
    "benchmarks/bench/__init__.py",
    "benchmarks/bench/machine.py",
    "benchmarks/bench/quality.py",
    "benchmarks/tuning/__init__.py",
    "benchmarks/tuning/trial.py",
)
_CONNECT_SECONDS = 5
# The cluster may have only just started.
_JOIN_SECONDS = 20


class WorkersLostError(ThumbrigError):
    """Raised when workers keep ending before their trials do, or none is left."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"expected workers until the sweep is done, {reason}; what was measured is kept,"
            " so start them again and run the same command"
        )


class NoSchedulerError(ThumbrigError):
    """Raised when nothing answers at a scheduler's address, or no worker has joined there."""

    def __init__(self, address: str, came: object) -> None:
        super().__init__(
            f"--scheduler {address}: expected a Dask scheduler with workers, got: {came};"
            " start `dask scheduler` and `dask worker`, or leave the option out"
        )


class WorkersDifferError(ThumbrigError):
    """Raised when a worker would make other thumbnails than this machine."""

    def __init__(self, worker: str, differing: str) -> None:
        super().__init__(
            f"worker {worker}: expected the versions of this machine, got others: {differing};"
            " install the same there and start it again"
        )


class Workers:
    """The workers of a whole sweep; CPU times are measured on `machine`, `count` trials run at a time."""

    def __init__(self, client: Callable[[], Client], *, machine: str, count: int) -> None:
        self._client = client
        self.machine = machine
        self.count = count

    @contextlib.contextmanager
    def executor(self) -> Iterator[Executor]:
        """Provide an executor for a round of trials; what is not done when the block ends is cancelled.

        A worker that ends leaves its trials to the others.
        """
        # pure: Dask would hash all pixels again to see whether it has done a trial before.
        executor = self._client().get_executor(pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)

    def require_some(self) -> None:
        """Raise WorkersLostError if no worker is left to wait for."""
        try:
            left = self._client().nthreads()
        except (OSError, TimeoutError) as exc:
            raise WorkersLostError("the scheduler no longer answers") from exc
        if not left:
            raise WorkersLostError("none is left")


@contextlib.contextmanager
def local_workers(count: int | None = None) -> Iterator[Workers]:
    """Have processes on this machine, one a core, while the block lasts; the first trial starts them."""
    count = count or os.cpu_count() or 1
    with contextlib.ExitStack() as stack:

        @functools.cache
        def client() -> Client:
            cluster = stack.enter_context(_local_cluster(count))
            made: Client = stack.enter_context(_dask().Client(cluster, set_as_default=False))
            return made

        yield Workers(client, machine=cpu_model(), count=count)


@contextlib.contextmanager
def dask_workers(address: str) -> Iterator[Workers]:
    """Join the cluster of a scheduler while the block lasts; its workers are sent the code."""
    try:
        client = _dask().Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as exc:
        raise NoSchedulerError(address, exc) from exc
    with client:
        try:
            client.wait_for_workers(1, timeout=_JOIN_SECONDS)
        except TimeoutError as exc:
            raise NoSchedulerError(address, "no worker") from exc
        with _code_zip() as code:
            client.upload_file(str(code))
        _require_same(client)
        machine = " + ".join(sorted(set(client.run(cpu_model).values())))
        yield Workers(lambda: client, machine=machine, count=sum(client.nthreads().values()))


@contextlib.contextmanager
def _local_cluster(count: int) -> Iterator[LocalCluster]:
    with contextlib.ExitStack() as stack:
        with _ctrl_c_held_off():
            cluster = _dask().LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                host="127.0.0.1",
                # The scheduler has a server for HTTP even without a dashboard: on any free port.
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
            stack.callback(_end, cluster)
        yield cluster


@contextlib.contextmanager
def _ctrl_c_held_off() -> Iterator[None]:
    """Start threads and processes that never see Ctrl-C: it goes to the whole group, and is for the parent.

    They inherit the mask of signals; to ignore Ctrl-C once a worker runs would be too late: it imports first.
    """
    # If the first process started the tracker, that would let Ctrl-C through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(cluster: LocalCluster) -> None:
    """End the processes, even in the middle of a trial: a slow encoder may need many seconds for it."""
    for nanny in cluster.workers.values():
        # Otherwise it would start the worker again.
        nanny.close_gracefully()
        if nanny.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGKILL)
    cluster.close()


def _dask() -> ModuleType:
    """Import Dask late: that takes a second, and a run whose trials are all in the cache does without."""
    import distributed  # noqa: PLC0415  see above

    # Its warnings of workers that come and go would run into the progress.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return distributed


def _require_same(client: Client) -> None:
    here = versions()
    for worker, there in client.run(versions).items():
        differing = {name: there.get(name) for name in here if there.get(name) != here[name]}
        if differing:
            raise WorkersDifferError(
                worker, ", ".join(f"{name} {value}" for name, value in differing.items())
            )


@contextlib.contextmanager
def _code_zip() -> Iterator[Path]:
    """Pack the code under a name that its content decides, so that a worker never takes old for new."""
    files = sorted({path for pattern in _CODE for path in _PROJECT.glob(pattern)})
    content = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"thumbrig-{content}.zip")
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, file.relative_to(_PROJECT))
        yield path
