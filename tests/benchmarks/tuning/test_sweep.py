"""Sweeps with real processes: what is kept, and what a worker's end costs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from benchmarks.bench.plan import BenchPicture
from benchmarks.tuning.cache import TrialCache
from benchmarks.tuning.setting import today
from benchmarks.tuning.sweep import EncoderRefusedError, TuningSweep
from benchmarks.tuning.trial import versions
from benchmarks.tuning.workers import Workers, local_workers
from resizer.formats import OutputFormat
from resizer.switches import Switches
from tests.benchmarks.tuning.builders import setting

pytestmark = pytest.mark.integration

_SETTINGS = [setting(quality, OutputFormat.JPEG) for quality in range(50, 80)]


class Progress:
    """The progress that a sweep reports."""

    def __init__(self) -> None:
        self.totals: list[int] = []
        self.steps: list[int] = []

    def __call__(self, stage: str, total: int, done: Iterator[int]) -> None:
        """Let a stage run to its end."""
        assert stage
        self.totals.append(total)
        for count in done:
            self.steps.append(count)
            self.after_step()

    def after_step(self) -> None:
        """Do nothing."""


class KillsAWorker(Progress):
    """Kills one of the processes once the first trials have come."""

    def __init__(self) -> None:
        super().__init__()
        self.killed = 0

    def after_step(self) -> None:
        """Kill the first child that has no other purpose than to work."""
        if not self.killed:
            children = psutil.Process().children()
            victim = next(child for child in children if "spawn_main" in " ".join(child.cmdline()))
            os.kill(victim.pid, signal.SIGKILL)
            self.killed = victim.pid


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Two processes; to start them takes longer than to sweep."""
    with local_workers(2) as workers:
        yield workers


def _sweep(workers: Workers, folder: Path, progress: Progress) -> TuningSweep:
    cache = TrialCache(folder=folder, machine=workers.machine, versions=versions())
    return TuningSweep(workers=workers, cache=cache, today=today(), progress=progress)


def test_a_second_sweep_only_does_what_is_new(
    workers: Workers, pictures: list[BenchPicture], tmp_path: Path
) -> None:
    first, second, third = Progress(), Progress(), Progress()
    found = _sweep(workers, tmp_path / "cache", first).evaluate(_SETTINGS, pictures, stage="one", rounds=2)
    again = _sweep(workers, tmp_path / "cache", second).evaluate(_SETTINGS, pictures, stage="two", rounds=2)
    more = [*_SETTINGS, setting(99, OutputFormat.JPEG)]
    _sweep(workers, tmp_path / "cache", third).evaluate(more, pictures, stage="three", rounds=2)

    assert found == again
    assert (first.totals, sum(first.steps)) == ([60], 60)
    assert (second.totals, third.totals) == ([], [2])


def test_outcomes_come_in_the_order_of_the_settings(
    workers: Workers, pictures: list[BenchPicture], tmp_path: Path
) -> None:
    found = _sweep(workers, tmp_path, Progress()).evaluate(_SETTINGS, pictures, stage="one", rounds=2)

    assert [outcome.setting for outcome in found] == _SETTINGS
    assert all(set(outcome.trials) == {"warm.png", "cold.png"} for outcome in found)
    assert found[0].mean_bytes < found[-1].mean_bytes


def test_a_worker_that_is_killed_loses_nothing(pictures: list[BenchPicture], tmp_path: Path) -> None:
    progress = KillsAWorker()
    with local_workers(2) as workers:
        found = _sweep(workers, tmp_path, progress).evaluate(_SETTINGS, pictures, stage="one", rounds=2)

    assert progress.killed
    assert sum(progress.steps) == 60
    assert len(found) == len(_SETTINGS)
    assert not psutil.pid_exists(progress.killed)


def test_an_interrupted_sweep_keeps_what_it_has_and_leaves_no_process(
    pictures: list[BenchPicture], tmp_path: Path
) -> None:
    class Interrupts(Progress):
        def after_step(self) -> None:
            raise KeyboardInterrupt

    progress = Interrupts()
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(KeyboardInterrupt), local_workers(2) as workers:
        _sweep(workers, tmp_path, progress).evaluate(_SETTINGS, pictures, stage="one", rounds=2)

    kept = len(list(tmp_path.rglob("*.json")))
    assert kept == progress.steps[0]
    left = set(psutil.Process().children(recursive=True)) - before
    assert [child for child in left if "spawn_main" in " ".join(child.cmdline())] == []


def test_an_encoder_that_does_not_take_a_setting_is_reported_in_one_line(
    workers: Workers, pictures: list[BenchPicture], tmp_path: Path
) -> None:
    fine = setting()
    wrong = replace(fine, encoding=replace(fine.encoding, switches=Switches(passes=99)))

    with pytest.raises(EncoderRefusedError, match="does not take") as raised:
        _sweep(workers, tmp_path, Progress()).evaluate([wrong], pictures, stage="one", rounds=2)

    assert "\n" not in str(raised.value)


def test_processes_are_started_for_the_first_trial_only() -> None:
    before = len(psutil.Process().children())

    with local_workers(2) as workers:
        assert workers.count == 2
        assert len(psutil.Process().children()) == before
