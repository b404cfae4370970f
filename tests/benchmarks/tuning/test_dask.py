"""Sweeps on a real Dask scheduler with two worker processes, on this machine's loopback."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.bench.plan import BenchPicture
from benchmarks.tuning import workers as dask
from benchmarks.tuning.cache import TrialCache
from benchmarks.tuning.setting import today
from benchmarks.tuning.sweep import TuningSweep
from benchmarks.tuning.trial import versions
from harness import process
from harness.wait import wait_for
from resizer.formats import OutputFormat
from tests.benchmarks.tuning.builders import setting

pytest.importorskip("distributed", reason="distributed is not installed")

_SETTINGS = [setting(quality, OutputFormat.JPEG) for quality in range(40, 88)]
# Workers import scientific libraries, on a machine that may be busy.
_START_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A scheduler's address, and its worker processes."""

    address: str
    workers: list[process.Process]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler and two workers of one thread each, away from the project's folder."""
    with ExitStack() as running:

        def start(*arguments: str, log: str) -> process.Process:
            command = [sys.executable, "-m", *arguments, "--no-dashboard"]
            here = process.running(command, cwd=tmp_path, env=os.environ, log=tmp_path / log)
            return running.enter_context(here)

        start("distributed.cli.dask_scheduler", "--host", "tcp://127.0.0.1", "--port", "0", log="s.log")
        address = _wait(tmp_path / "s.log", "tcp://127.0.0.1:")
        one = ("--no-nanny", "--nthreads", "1", "--host", "127.0.0.1")
        workers = [start("distributed.cli.dask_worker", address, *one, log=f"w{n}.log") for n in range(2)]
        for number in range(2):
            _wait(tmp_path / f"w{number}.log", "Registered")
        yield Cluster(address=address, workers=workers)


def _wait(log: Path, start: str) -> str:
    """Wait for a word in a log, and return it."""

    def look() -> str | None:
        return next((word for word in text().split() if word.startswith(start)), None)

    def text() -> str:
        return log.read_text() if log.exists() else ""

    return wait_for(
        look, lambda: f"expected {start!r} in {log.name}, got {text()!r}", timeout_seconds=_START_SECONDS
    )


def _sweep(workers: dask.Workers, folder: Path, progress: Progress) -> TuningSweep:
    cache = TrialCache(folder=folder, machine=workers.machine, versions=versions())
    return TuningSweep(workers=workers, cache=cache, today=today(), progress=progress)


class Progress:
    """Counts trials, and kills a process after the first one if it has a victim."""

    def __init__(self, victim: process.Process | None = None) -> None:
        self.victim = victim
        self.done = 0

    def __call__(self, stage: str, total: int, done: Iterator[int]) -> None:
        """Let a stage run to its end."""
        assert stage
        assert total
        for count in done:
            if self.victim and not self.done:
                self.victim.send_signal(signal.SIGKILL)
                self.victim.wait()
            self.done += count


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.timeout(240)
def test_a_worker_that_is_killed_on_the_way_loses_nothing(
    cluster: Cluster, pictures: list[BenchPicture], tmp_path: Path
) -> None:
    with dask.dask_workers(cluster.address) as workers:
        progress = Progress(cluster.workers[0])
        found = _sweep(workers, tmp_path / "cache", progress).evaluate(
            _SETTINGS, pictures, stage="one", rounds=2
        )

        assert cluster.workers[0].poll() == -signal.SIGKILL
        assert [outcome.setting for outcome in found] == _SETTINGS
        assert progress.done == len(_SETTINGS) * len(pictures)

        again = Progress()
        same = _sweep(workers, tmp_path / "cache", again).evaluate(_SETTINGS, pictures, stage="two", rounds=2)

    assert (same, again.done) == (found, 0)


def test_no_scheduler_at_the_address_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "_CONNECT_SECONDS", 0.5)

    with (
        pytest.raises(dask.NoSchedulerError, match=r"--scheduler tcp://127\.0\.0\.1:9: expected") as raised,
        dask.dask_workers("tcp://127.0.0.1:9"),
    ):
        pass

    assert "\n" not in str(raised.value)


def test_what_is_no_address_is_reported_in_one_line() -> None:
    with pytest.raises(dask.NoSchedulerError) as raised, dask.dask_workers("no scheduler"):
        pass

    assert "\n" not in str(raised.value)
