from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.sandbox.function import bare_function
from harness.sandbox.limits.base import Confinement, Cpu, HeldProcesses, Limit, Mounts
from harness.sandbox.limits.cgroup import CgroupV1
from harness.sandbox.limits.choose import (
    CpuNotShapedError,
    LimiterUnavailableError,
    UnknownLimiterError,
    confinement,
    limiters,
)
from harness.sandbox.limits.docker import Docker
from harness.sandbox.limits.watchdog import Watchdog

_PROJECT = Path(__file__).parents[4]


@pytest.fixture
def kernel_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CgroupV1, "unavailable", lambda _: None)


@pytest.fixture
def kernel_not_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    for limiter in limiters():
        if limiter.name != "watchdog":
            monkeypatch.setattr(type(limiter), "unavailable", lambda _: "it is not writable")


@pytest.mark.usefixtures("kernel_usable")
def test_the_kernel_s_limits_go_before_the_watchdog() -> None:
    assert confinement().limiter.name != "watchdog"


@pytest.mark.usefixtures("kernel_not_usable")
def test_the_watchdog_is_there_for_every_machine() -> None:
    assert confinement().limiter.name == "watchdog"


@pytest.mark.usefixtures("kernel_not_usable")
def test_docker_goes_before_the_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Docker, "unavailable", lambda _: None)

    assert confinement().limiter.name == "docker"


@pytest.mark.integration
def test_docker_s_libraries_are_imported_only_when_it_is_their_turn() -> None:
    code = """
import sys
from harness.sandbox.limits.cgroup import CgroupV2
from harness.sandbox.limits.choose import confinement
CgroupV2.unavailable = lambda _: None
print(confinement().limiter.name, "docker" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=_PROJECT, capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "cgroup-v2 False\n"


@pytest.mark.usefixtures("kernel_usable")
def test_a_limiter_can_be_asked_for_by_name() -> None:
    assert confinement("watchdog").limiter.name == "watchdog"


@pytest.mark.usefixtures("kernel_not_usable")
def test_a_limiter_that_is_not_usable_says_why() -> None:
    with pytest.raises(LimiterUnavailableError, match="cgroup-v1: not usable here: it is not writable"):
        confinement("cgroup-v1")


def test_an_unknown_limiter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        UnknownLimiterError, match=r"'cgroups': expected one of cgroup-v2, cgroup-v1, docker, watchdog"
    ):
        confinement("cgroups")


def test_lambda_s_share_of_the_cpu_is_not_promised_where_it_cannot_be_held() -> None:
    with pytest.raises(CpuNotShapedError, match="got watchdog"):
        confinement("watchdog", cpu="lambda")


@pytest.mark.parametrize(("memory_mb", "share"), [(128, 0.0724), (512, 0.2894), (1769, 1.0), (3538, 2.0)])
@pytest.mark.parametrize("cpu", ["lambda", "unshaped"])
def test_a_function_s_size_gives_its_memory_and_its_share_of_the_cpu(
    tmp_path: Path, cpu: Cpu, memory_mb: int, share: float
) -> None:
    limiter = _Noting()
    function = bare_function("sized", tmp_path, runtime="python3.13", memory_mb=memory_mb)

    Confinement(limiter=limiter, cpu=cpu).hold(function, temporary=tmp_path).close()

    assert limiter.limit is not None
    assert limiter.limit.memory_bytes == memory_mb * 2**20
    assert limiter.limit.cpu_share == (pytest.approx(share, abs=1e-4) if cpu == "lambda" else None)


class _Noting(Watchdog):
    limit: Limit | None = None

    def create(self, limit: Limit, mounts: Mounts) -> HeldProcesses:
        self.limit = limit
        return super().create(limit, mounts)
