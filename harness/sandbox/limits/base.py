"""What every limiter offers, so that an environment need not know which of them holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from harness.package.platforms import Platform
    from harness.process import Process
    from harness.sandbox.function import DeployedFunction
    from harness.sandbox.runtimes import Runtime

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: "At 1,769 MB, a function has the
# equivalent of one vCPU"
MB_PER_CORE: Final = 1769
BYTES_PER_MB: Final = 2**20

# The kernel grants a share of the CPU as a quota of time in each period. A long period would turn a throttled
# function's time into a few long pauses. In 20 ms the smallest function (128 MB) gets 1.4 ms, above the 1 ms
# that the kernel demands.
CPU_PERIOD_US: Final = 20_000

Cpu = Literal["lambda", "unshaped"]


def cpu_quota_us(share: float) -> int:
    """Return the CPU time of one period."""
    return max(1000, round(share * CPU_PERIOD_US))


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What one execution environment may use; without a share it may use all the CPU that there is."""

    memory_bytes: int
    cpu_share: float | None = None


@dataclass(frozen=True, kw_only=True)
class Mounts:
    """The folders that an environment finds: the package, made for a runtime, and one to write in."""

    runtime: str
    task_root: Path
    temporary: Path


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What held processes, all together, used between `begin` and `end`."""

    peak_bytes: int = 0
    cpu_seconds: float = 0.0
    oom_killed: bool = False


class HeldProcesses(Protocol):
    """Holds the processes of one environment, and whatever they start, to a limit.

    Past the limit one process is killed, the biggest, as the kernel in Lambda's virtual machine does it: a
    function can outlive a child that used too much, and `oom_killed` is true all the same.
    """

    def start(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Process:
        """Start a process, held before its first instruction; `harness.process.stop` ends it."""

    def begin(self) -> None:
        """Count from here on. At first it counts from the beginning."""

    def end(self) -> Usage:
        """Return what was used since; also when no process is left."""

    def throttle(self) -> None:
        """Hold the CPU to its share from now on: Lambda lets an initialisation run at full speed."""

    def close(self) -> None:
        """Kill what is left, and remove what held it."""


class Limiter(Protocol):
    """One way to hold processes; `name` and `description` stand beside every number that it measured."""

    @property
    def name(self) -> str:
        """The name to choose it by."""

    @property
    def description(self) -> str:
        """How it holds, and how well, in one line."""

    @property
    def shapes_cpu(self) -> bool:
        """Whether it can hold a process to a share of the CPU."""

    def unavailable(self) -> str | None:
        """Say why this machine does not allow it, or None if it does."""

    def platform(self, runtime: str) -> Platform:
        """Return the platform that a function which declares this runtime is packaged for."""

    def runtime(self, name: str) -> Runtime:
        """Return what runs a function of this runtime."""

    def create(self, limit: Limit, mounts: Mounts) -> HeldProcesses:
        """Get ready to hold an environment's processes."""


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """How the environments of a run are held."""

    limiter: Limiter
    cpu: Cpu = "unshaped"

    def hold(self, function: DeployedFunction, *, temporary: Path) -> HeldProcesses:
        """Get ready to hold an environment of this function."""
        share = function.memory_mb / MB_PER_CORE if self.cpu == "lambda" else None
        return self.limiter.create(
            Limit(memory_bytes=function.memory_mb * BYTES_PER_MB, cpu_share=share),
            Mounts(runtime=function.runtime, task_root=function.task_root, temporary=temporary),
        )
