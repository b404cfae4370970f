"""What every limiter offers, so that an environment need not know which of them holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.package.platforms import Platform
    from harness.process import Process
    from harness.sandbox.function import DeployedFunction
    from harness.sandbox.runtimes import Runtime

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: "At 1,769 MB, a function has the
# equivalent of one vCPU"
MB_PER_CORE = 1769
BYTES_PER_MB = 2**20

Cpu = Literal["lambda", "unshaped"]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What one execution environment may take; without a share it may take all the CPU that there is."""

    memory_bytes: int
    cpu_share: float | None = None


@dataclass(frozen=True, kw_only=True)
class Room:
    """What an environment's processes find: the package, made for a runtime, and a folder to write in."""

    runtime: str
    task_root: Path
    temporary: Path


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the processes of a cage, all together, took between `begin` and `end`."""

    peak_bytes: int
    cpu_seconds: float
    oom_killed: bool


class Cage(Protocol):
    """Holds the processes of one environment, and whatever they start.

    Past the limit one process is killed, the biggest, as the kernel in Lambda's virtual machine does it: a
    function can outlive a child that took too much, and `oom_killed` tells it all the same.
    """

    def start(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Process:
        """Start the cage's process, held before its first instruction; `harness.process.stop` ends it."""

    def begin(self) -> None:
        """Count from here on. A new cage already counts from its beginning."""

    def end(self) -> Usage:
        """Say what was taken since; also when no process is left."""

    def throttle(self) -> None:
        """Hold the CPU to its share from now on: Lambda lets an initialisation run at full speed."""

    def close(self) -> None:
        """Kill what is left in the cage and remove it."""


class Limiter(Protocol):
    """One way to make cages; `name` and `description` stand beside every number that it measured."""

    @property
    def name(self) -> str:
        """What a person calls it by."""

    @property
    def description(self) -> str:
        """How it holds, and how well, in one line."""

    @property
    def shapes_cpu(self) -> bool:
        """Whether it can hold a process to a share of the CPU."""

    def unavailable(self) -> str | None:
        """Say why this machine does not allow it, or None if it does."""

    def platform(self, runtime: str) -> Platform:
        """Say for what a function that declares this runtime is packaged, to run in its cages."""

    def runtime(self, name: str) -> Runtime:
        """Give what runs a function of this runtime in its cages."""

    def create(self, limit: Limit, room: Room) -> Cage:
        """Make a cage."""


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """How the environments of a run are held."""

    limiter: Limiter
    cpu: Cpu = "unshaped"

    def cage(self, function: DeployedFunction, *, temporary: Path) -> Cage:
        """Make the cage for an environment of this function."""
        share = function.memory_mb / MB_PER_CORE if self.cpu == "lambda" else None
        return self.limiter.create(
            Limit(memory_bytes=function.memory_mb * BYTES_PER_MB, cpu_share=share),
            Room(runtime=function.runtime, task_root=function.task_root, temporary=temporary),
        )
