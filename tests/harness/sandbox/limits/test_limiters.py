"""What each limiter does to real processes, as far as this machine allows it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Protocol

import psutil
import pytest

from harness import process
from harness.sandbox.canary import LimitNotEnforcedError, prove
from harness.sandbox.function import OWN_RUNTIME, bare_function
from harness.sandbox.invocation import InvocationStatus
from harness.sandbox.limits.base import BYTES_PER_MB, Confinement, Limit
from harness.sandbox.limits.choose import limiters
from harness.sandbox.limits.watchdog import Watchdog
from harness.wait import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.sandbox.environment import Environment
    from harness.sandbox.invocation import Invocation
    from harness.sandbox.limits.base import HeldProcesses, Limiter, Mounts

    Start = Callable[..., "Held"]

    class Held(Protocol):
        environment: Environment

        def invoke(self, **event: object) -> Invocation: ...


pytestmark = [pytest.mark.integration, pytest.mark.serial]


def _each(*, only: Callable[[Limiter], bool] = lambda _: True) -> list[object]:
    return [
        pytest.param(Confinement(limiter=limiter), id=limiter.name, marks=_marks(limiter))
        for limiter in limiters()
        if only(limiter)
    ]


def _marks(limiter: Limiter) -> list[pytest.MarkDecorator]:
    # Not by whether there is an engine: a session that asks for these tests is to fail without one.
    if limiter.name == "docker":
        return [pytest.mark.docker]
    reason = limiter.unavailable()
    return [pytest.mark.skipif(reason is not None, reason=f"{limiter.name}: {reason}")]


every_limiter = pytest.mark.parametrize("confinement", _each())
kernel_limiter = pytest.mark.parametrize(
    "confinement", _each(only=lambda limiter: limiter.name != "watchdog")
)


@every_limiter
@pytest.mark.parametrize("taken_mb", [100, 200, 300])
def test_the_peak_is_within_5_percent_of_what_was_taken(
    start: Start, confinement: Confinement, taken_mb: int
) -> None:
    held = start(confinement)
    idle = [held.invoke() for _ in range(2)][-1]

    big = held.invoke(take_mb=taken_mb)

    measured_mb = (big.peak_memory_bytes - idle.peak_memory_bytes) / BYTES_PER_MB
    assert measured_mb == pytest.approx(taken_mb, rel=0.05)
    assert big.limiter == confinement.limiter.name


@kernel_limiter
def test_the_peak_is_what_the_process_sees_of_itself(start: Start, confinement: Confinement) -> None:
    held = start(confinement)

    for _ in range(2):
        invocation = held.invoke(take_mb=100, high_water=True)

    assert invocation.peak_memory_bytes == pytest.approx(int(invocation.payload), rel=0.05)


@every_limiter
def test_an_invocation_after_a_big_one_has_its_own_peak(start: Start, confinement: Confinement) -> None:
    held = start(confinement)

    held.invoke(take_mb=300)
    small = held.invoke(take_mb=20)

    assert small.peak_memory_bytes < 60 * BYTES_PER_MB


@every_limiter
def test_the_memory_of_a_child_counts(start: Start, confinement: Confinement) -> None:
    held = start(confinement)

    invocation = held.invoke(child_mb=150)

    assert invocation.payload == b"0"
    assert 150 * BYTES_PER_MB < invocation.peak_memory_bytes < 200 * BYTES_PER_MB


@every_limiter
def test_a_function_that_takes_too_much_is_killed(start: Start, confinement: Confinement) -> None:
    held = start(confinement, memory_mb=128)

    invocation = held.invoke(take_mb=400, spin_seconds=1)

    assert invocation.status is InvocationStatus.EXITED
    assert json.loads(invocation.payload)["errorMessage"].endswith("signal: killed")
    assert invocation.oom_killed
    assert invocation.peak_memory_bytes == 128 * BYTES_PER_MB


@every_limiter
def test_a_function_can_outlive_a_child_that_took_too_much(start: Start, confinement: Confinement) -> None:
    held = start(confinement, memory_mb=128)

    killed = held.invoke(child_mb=300)
    after = held.invoke()

    assert (killed.payload, killed.oom_killed) == (b"-9", True)
    assert (after.status, after.oom_killed) == (InvocationStatus.SUCCESS, False)


@every_limiter
def test_an_initialisation_that_takes_too_much_is_killed(start: Start, confinement: Confinement) -> None:
    held = start(
        confinement, memory_mb=128, source="import time\nx = bytearray(b'x') * 400_000_000\ntime.sleep(1)"
    )

    invocation = held.invoke()

    assert invocation.status is InvocationStatus.INIT_ERROR
    assert invocation.oom_killed


@every_limiter
def test_the_cpu_time_is_the_invocation_s_own(start: Start, confinement: Confinement) -> None:
    held = start(confinement)

    busy, idle = held.invoke(spin_seconds=0.3), held.invoke()

    assert busy.cpu_seconds == pytest.approx(0.3, abs=0.05)
    assert idle.cpu_seconds < 0.05


@every_limiter
def test_what_left_the_process_group_ends_with_its_environment(
    start: Start, confinement: Confinement
) -> None:
    held = start(confinement)
    # By what it does: in a container it has a number of another sort.
    command = ["sleep", f"60.{uuid.uuid4().int}"]
    held.invoke(orphan=command[1])
    (orphan,) = (process_ for process_ in psutil.process_iter() if _command(process_) == command)

    held.environment.stop()

    wait_for(lambda: _ended(orphan) or None, f"expected no {orphan}", timeout_seconds=5)


@every_limiter
def test_stopping_in_the_middle_of_an_invocation_still_gives_its_usage(
    start: Start, confinement: Confinement
) -> None:
    held = start(confinement)
    timer = threading.Timer(0.2, held.environment.stop)
    timer.start()

    invocation = held.invoke(spin_seconds=20)

    assert invocation.status is InvocationStatus.EXITED
    assert invocation.peak_memory_bytes > 0


@every_limiter
def test_measuring_costs_a_warm_invocation_at_most_3_ms(confinement: Confinement, tmp_path: Path) -> None:
    runtime = confinement.limiter.platform(OWN_RUNTIME).runtime
    function = bare_function("sleeping", tmp_path, runtime=runtime, memory_mb=512)
    held = confinement.hold(function, temporary=tmp_path)
    with held.start(["sleep", "60"], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}) as sleeper:
        costs = [_cost_seconds(held) for _ in range(50)]
        process.stop(sleeper, stop_seconds=0)
        held.close()

    assert median(costs) < 0.003


def _cost_seconds(held: HeldProcesses) -> float:
    started = time.perf_counter()
    held.begin()
    held.end()
    return time.perf_counter() - started


@kernel_limiter
def test_lambda_s_share_of_the_cpu_holds_after_the_initialisation(
    start: Start, confinement: Confinement
) -> None:
    held = start(replace(confinement, cpu="lambda"), memory_mb=256, source=_SPINNING)

    invocation = held.invoke()

    assert invocation.init_seconds is not None
    assert invocation.init_cpu_seconds is not None
    share = 256 / 1769
    # A busy machine gives less, never more.
    assert invocation.cpu_seconds / invocation.duration_seconds < 1.15 * share
    assert invocation.init_cpu_seconds / invocation.init_seconds > 1.5 * share


_SPINNING = """
import time

def spin():
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass

spin()

def handle(event, context):
    spin()
"""


@kernel_limiter
def test_files_that_were_there_before_do_not_count(start: Start, confinement: Confinement) -> None:
    held = start(confinement)
    held.invoke(file_mb=50)

    after = held.invoke()

    assert after.peak_memory_bytes < 40 * BYTES_PER_MB


@every_limiter
def test_the_canary_proves_the_limiter(
    confinement: Confinement, tmp_path: Path, runtime_folder: Path
) -> None:
    proof = prove(confinement, folder=tmp_path / "canary", runtime_folder=runtime_folder)

    assert proof.lived.status is InvocationStatus.SUCCESS
    assert proof.died.status is InvocationStatus.EXITED


def test_the_canary_fails_a_limiter_that_does_not_limit(tmp_path: Path, runtime_folder: Path) -> None:
    confinement = Confinement(limiter=_Scaled(4))

    with pytest.raises(LimitNotEnforcedError, match=r"allocates 576 MB is killed, but it ended with null"):
        prove(confinement, folder=tmp_path / "canary", runtime_folder=runtime_folder)


def test_the_canary_fails_a_limiter_that_kills_too_early(tmp_path: Path, runtime_folder: Path) -> None:
    confinement = Confinement(limiter=_Scaled(0.5))

    with pytest.raises(LimitNotEnforcedError, match=r"allocates 448 MB lives, but it ended with .*killed"):
        prove(confinement, folder=tmp_path / "canary", runtime_folder=runtime_folder)


class _Scaled(Watchdog):
    def __init__(self, factor: float) -> None:
        self._factor = factor

    def create(self, limit: Limit, mounts: Mounts) -> HeldProcesses:
        return super().create(Limit(memory_bytes=int(limit.memory_bytes * self._factor)), mounts)


def _command(process_: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process_.cmdline()
    return []


def _ended(process_: psutil.Process) -> bool:
    return not process_.is_running() or process_.status() == psutil.STATUS_ZOMBIE
