"""What an invocation in a running container takes, from the container's own control groups.

The kernel keeps the same numbers for a container as for a cage of the rig's own, so it is measured by the
same rules. The engine's statistics would be no way to it: they come once a second.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol

from docker.errors import NotFound

from harness.containers import engine as containers
from harness.errors import ThumbrigError
from harness.sandbox.limits.base import Usage
from harness.sandbox.limits.container_cgroup import ContainerCgroup
from harness.sandbox.limits.meter_container import MeterContainer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

    from harness.containers.engine import Run


class ContainerNotRunningError(ThumbrigError):
    """Raised when a container that is to be measured does not run."""

    def __init__(self, container_id: str) -> None:
        super().__init__(f"container {container_id[:12]}: expected it to run, it has ended or is gone")


class AccountingUnreachableError(ThumbrigError):
    """Raised when a container's control groups can be read neither from here nor from a container."""

    def __init__(self, container_id: str, reason: str) -> None:
        super().__init__(
            f"container {container_id[:12]}: its control groups are out of reach ({reason}): "
            "run as root on the engine's machine, or with an engine that lets containers mount /sys/fs/cgroup"
        )


class _Meter(Protocol):
    def begin(self) -> None: ...

    def end(self) -> Usage: ...

    def close(self) -> None: ...


class ContainerMeter:
    """Measures a running container: its whole tree of processes, between `begin` and `end`."""

    def __init__(self, engine: DockerClient, container_id: str, meter: _Meter) -> None:
        self._engine = engine
        self._id = container_id
        self._meter = meter

    def begin(self) -> None:
        """Count from here on; a new meter counts from the container's beginning."""
        with contextlib.suppress(OSError):
            self._meter.begin()

    def end(self) -> Usage:
        """Say what was taken since; of a container that has ended, only whether its memory was why."""
        try:
            return self._meter.end()
        except OSError:
            return self._ended()

    def close(self) -> None:
        """Close the files."""
        with contextlib.suppress(OSError):
            self._meter.close()

    def _ended(self) -> Usage:
        with containers.translated(f"look at container {self._id[:12]}"), contextlib.suppress(NotFound):
            container = self._engine.api.inspect_container(self._id)
            killed = bool(container["State"]["OOMKilled"])
            peak_bytes = container["HostConfig"]["Memory"] if killed else 0
            return Usage(peak_bytes=peak_bytes, cpu_seconds=0.0, oom_killed=killed)
        return Usage(peak_bytes=0, cpu_seconds=0.0, oom_killed=False)


class ContainerMeters:
    """Opens the accounting of a run's containers.

    From here where their control groups are: as root, on the engine's machine. For anybody else, and where
    the engine has a virtual machine, from a container beside them.
    """

    def __init__(self, engine: DockerClient, run: Run) -> None:
        self._engine = engine
        self._run = run
        self._lock = threading.Lock()
        self._beside: MeterContainer | None = None

    @property
    def from_beside(self) -> bool:
        """Whether another container had to be started to measure."""
        return self._beside is not None

    def open(self, container_id: str) -> ContainerMeter:
        """Open the accounting of a running container."""
        container = self._inspect(container_id)
        process_id = container["State"]["Pid"]
        limit_bytes = container["HostConfig"]["Memory"] or sys.maxsize
        return ContainerMeter(self._engine, container_id, self._open(container_id, process_id, limit_bytes))

    def close(self) -> None:
        """End the container that measures, if there is one."""
        with self._lock:
            if self._beside is not None:
                self._beside.close()
                self._beside = None

    def _inspect(self, container_id: str) -> Mapping[str, Any]:
        with containers.translated(f"look at container {container_id[:12]}"):
            container: Mapping[str, Any] = self._engine.api.inspect_container(container_id)
        if not container["State"]["Running"]:
            raise ContainerNotRunningError(container_id)
        return container

    def _open(self, container_id: str, process_id: int, limit_bytes: int) -> _Meter:
        with self._lock:
            try:
                if self._beside is None:
                    with contextlib.suppress(OSError):
                        return ContainerCgroup(container_id, process_id=process_id, limit_bytes=limit_bytes)
                    self._beside = MeterContainer(self._run)
                return self._beside.open(container_id, process_id=process_id, limit_bytes=limit_bytes)
            except OSError as exc:
                raise AccountingUnreachableError(container_id, str(exc)) from exc
