"""Trials on a Dask cluster: its workers are sent the code, and must have the same libraries."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bench.machine import cpu_model
from benchmarks.tuning.versions import versions
from benchmarks.tuning.workers import WorkersError, WorkersLostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from distributed import Client

_PROJECT = Path(__file__).parents[2]
# All that a worker imports; the rest of the rig stays here.
_CODE = (
    "resizer/**/*.py",
    "benchmarks/__init__.py",
    "benchmarks/bench/__init__.py",
    "benchmarks/bench/machine.py",
    "benchmarks/bench/quality.py",
    "benchmarks/tuning/__init__.py",
    "benchmarks/tuning/trial.py",
    "benchmarks/tuning/versions.py",
)
_CONNECT_SECONDS = 5
# A cluster may have been started just now.
_JOIN_SECONDS = 20


class NoDaskError(WorkersError):
    """Raised when a scheduler is named and Dask is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "--scheduler: expected the package `distributed`, it is not installed; `nox -s tune` installs it"
        )


class NoSchedulerError(WorkersError):
    """Raised when nobody answers at a scheduler's address, or no worker has joined there."""

    def __init__(self, address: str, came: object) -> None:
        super().__init__(
            f"--scheduler {address}: expected a Dask scheduler with workers, got: {came};"
            " start `dask scheduler` and `dask worker`, or leave the option out"
        )


class WorkersDifferError(WorkersError):
    """Raised when a worker would make other thumbnails than this machine."""

    def __init__(self, worker: str, differing: str) -> None:
        super().__init__(
            f"worker {worker}: expected the versions of this machine, got others: {differing};"
            " install the same there and start it again"
        )


class DaskWorkers:
    """The workers of a cluster that is there already, and stays."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.count = sum(client.nthreads().values())
        self.machine = " + ".join(sorted(set(client.run(cpu_model).values())))

    @contextlib.contextmanager
    def executor(self) -> Iterator[Executor]:
        """Give Dask's own executor; a worker that ends leaves its trials to the others."""
        # pure: Dask would hash all pixels again to see whether it has done a trial before.
        executor = self._client.get_executor(pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)

    def require_some(self) -> None:
        """Ask the scheduler who is left."""
        try:
            left = self._client.nthreads()
        except (OSError, TimeoutError) as exc:
            raise WorkersLostError("the scheduler no longer answers") from exc
        if not left:
            raise WorkersLostError("none is left")


@contextlib.contextmanager
def dask_workers(address: str) -> Iterator[DaskWorkers]:
    """Join a cluster while the block lasts."""
    with _client(address) as client:
        _require_workers(client, address)
        with _code_zip() as code:
            client.upload_file(str(code))
        _require_same(client)
        yield DaskWorkers(client)


@contextlib.contextmanager
def _client(address: str) -> Iterator[Client]:
    try:
        from distributed import Client  # noqa: PLC0415  only for who has a cluster
    except ImportError as exc:
        raise NoDaskError from exc
    # Its warnings of workers that come and go would run into the progress.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as exc:
        raise NoSchedulerError(address, exc) from exc
    try:
        yield client
    finally:
        client.close()


def _require_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_JOIN_SECONDS)
    except TimeoutError as exc:
        raise NoSchedulerError(address, "no worker") from exc


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
