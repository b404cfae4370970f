"""Sweeps with real processes: what is kept, and what a worker's end costs."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from benchmarks.tuning.cache import TrialCache
from benchmarks.tuning.setting import today
from benchmarks.tuning.sweep import EncoderRefusedError, Sweep
from benchmarks.tuning.versions import versions
from benchmarks.tuning.workers import LocalWorkers, local_workers
from resizer.formats import OutputFormat
from resizer.switches import Switches
from tests.benchmarks.tuning.builders import setting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.tuning.samples import Sample
    from benchmarks.tuning.workers import Workers

pytestmark = pytest.mark.integration

_SETTINGS = [setting(quality, OutputFormat.JPEG) for quality in range(50, 80)]


class Told:
    """What a sweep tells of its progress."""

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


class KillsAWorker(Told):
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
    with local_workers(2) as crew:
        yield crew


def _sweep(workers: Workers, folder: Path, told: Told) -> Sweep:
    cache = TrialCache(folder=folder, machine=workers.machine, versions=versions())
    return Sweep(workers=workers, cache=cache, today=today(), progress=told)


def test_a_second_sweep_only_does_what_is_new(
    workers: Workers, samples: list[Sample], tmp_path: Path
) -> None:
    first, second, third = Told(), Told(), Told()
    found = _sweep(workers, tmp_path / "cache", first).evaluate(_SETTINGS, samples, stage="one", rounds=2)
    again = _sweep(workers, tmp_path / "cache", second).evaluate(_SETTINGS, samples, stage="two", rounds=2)
    more = [*_SETTINGS, setting(99, OutputFormat.JPEG)]
    _sweep(workers, tmp_path / "cache", third).evaluate(more, samples, stage="three", rounds=2)

    assert found == again
    assert (first.totals, sum(first.steps)) == ([60], 60)
    assert (second.totals, third.totals) == ([], [2])


def test_outcomes_come_in_the_order_of_the_settings(
    workers: Workers, samples: list[Sample], tmp_path: Path
) -> None:
    outcomes = _sweep(workers, tmp_path, Told()).evaluate(_SETTINGS, samples, stage="one", rounds=2)

    assert [outcome.setting for outcome in outcomes] == _SETTINGS
    assert all(set(outcome.trials) == {"warm.png", "cold.png"} for outcome in outcomes)
    assert outcomes[0].mean_bytes < outcomes[-1].mean_bytes


def test_a_worker_that_is_killed_loses_nothing(samples: list[Sample], tmp_path: Path) -> None:
    told = KillsAWorker()
    with local_workers(2) as crew:
        outcomes = _sweep(crew, tmp_path, told).evaluate(_SETTINGS, samples, stage="one", rounds=2)

    assert told.killed
    assert sum(told.steps) == 60
    assert len(outcomes) == len(_SETTINGS)
    assert not psutil.pid_exists(told.killed)


def test_an_interrupted_sweep_keeps_what_it_has_and_leaves_no_process(
    samples: list[Sample], tmp_path: Path
) -> None:
    class Interrupts(Told):
        def after_step(self) -> None:
            raise KeyboardInterrupt

    told = Interrupts()
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(KeyboardInterrupt), local_workers(2) as crew:
        _sweep(crew, tmp_path, told).evaluate(_SETTINGS, samples, stage="one", rounds=2)

    kept = len(list(tmp_path.rglob("*.json")))
    assert kept == told.steps[0]
    left = set(psutil.Process().children(recursive=True)) - before
    assert [child for child in left if "spawn_main" in " ".join(child.cmdline())] == []


def test_an_encoder_that_does_not_take_a_setting_is_told_in_one_line(
    workers: Workers, samples: list[Sample], tmp_path: Path
) -> None:
    fine = setting()
    wrong = replace(fine, encoding=replace(fine.encoding, switches=Switches(passes=99)))

    with pytest.raises(EncoderRefusedError, match="does not take") as raised:
        _sweep(workers, tmp_path, Told()).evaluate([wrong], samples, stage="one", rounds=2)

    assert "\n" not in str(raised.value)


def test_a_crew_is_started_for_the_first_trial_only() -> None:
    crew = LocalWorkers(2)
    before = len(psutil.Process().children())
    crew.require_some()
    crew.close()

    assert len(psutil.Process().children()) == before
