"""What an invocation in a running container takes, from the container's own control groups.

The kernel keeps the same numbers for a container as for a cage of the rig's own, so it is measured by the
same rules. Where its files are out of reach the engine's statistics are no way out: they come once a second.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from docker.errors import NotFound

from harness import containers
from harness.errors import ThumbrigError
from harness.sandbox.limits import control_files
from harness.sandbox.limits.base import Usage
from harness.sandbox.limits.control_files import ControlFile
from harness.sandbox.limits.counters_v1 import CONTROLLERS, CountersV1
from harness.sandbox.limits.counters_v2 import CountersV2
from harness.sandbox.limits.meter import Meter

if TYPE_CHECKING:
    from pathlib import Path

    from docker import DockerClient

    from harness.containers import Run
    from harness.sandbox.limits.meter import Counters


class ContainerNotRunningError(ThumbrigError):
    """Raised when a container that is to be measured does not run."""

    def __init__(self, container_id: str) -> None:
        super().__init__(f"container {container_id[:12]}: expected it to run, it has ended or is gone")


class AccountingUnreachableError(ThumbrigError):
    """Raised when a container's control groups cannot be read and reset from here."""

    def __init__(self, container_id: str, reason: str) -> None:
        super().__init__(
            f"container {container_id[:12]}: its control groups are out of reach: {reason}; "
            "run as root on the machine of the engine"
        )


class ContainerMeter:
    """Measures a running container: its whole tree of processes, between `begin` and `end`."""

    def __init__(
        self, engine: DockerClient, container_id: str, meter: Meter, cleanup: contextlib.ExitStack
    ) -> None:
        self._engine = engine
        self._id = container_id
        self._meter = meter
        self._cleanup = cleanup

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
        self._cleanup.close()

    def _ended(self) -> Usage:
        with containers.translated(f"look at container {self._id[:12]}"), contextlib.suppress(NotFound):
            container = self._engine.api.inspect_container(self._id)
            killed = bool(container["State"]["OOMKilled"])
            peak_bytes = container["HostConfig"]["Memory"] if killed else 0
            return Usage(peak_bytes=peak_bytes, cpu_seconds=0.0, oom_killed=killed)
        return Usage(peak_bytes=0, cpu_seconds=0.0, oom_killed=False)


class ContainerMeters:
    """Opens the accounting of one container after the other."""

    description = ""

    def __init__(self, engine: DockerClient, run: Run) -> None:
        self._engine = engine
        self._run = run

    def open(self, container_id: str) -> ContainerMeter:
        """Open the accounting of a running container."""
        return open_meter(self._engine, container_id)


def open_meter(engine: DockerClient, container_id: str) -> ContainerMeter:
    """Open the accounting of a running container."""
    with containers.translated(f"look at container {container_id[:12]}"):
        container = engine.api.inspect_container(container_id)
    if not container["State"]["Running"]:
        raise ContainerNotRunningError(container_id)
    limit_bytes = container["HostConfig"]["Memory"] or sys.maxsize
    with contextlib.ExitStack() as stack:
        meter = open_cgroup_meter(
            container_id, container["State"]["Pid"], limit_bytes=limit_bytes, stack=stack
        )
        return ContainerMeter(engine, container_id, meter, stack.pop_all())


def open_cgroup_meter(
    container_id: str, process_id: int, *, limit_bytes: int, stack: contextlib.ExitStack
) -> Meter:
    """Open the control groups of the container that this process is in; `stack` closes them."""
    folders = {name: control_files.folder_of(process_id, name) for name in (*CONTROLLERS, None)}
    # The number is one of the engine's machine; on this one it may be anybody's.
    found = {name: folder for name, folder in folders.items() if folder and container_id in str(folder)}
    try:
        counters, home = _open_counters(found)
        members = stack.enter_context(ControlFile(home / "cgroup.procs"))
    except (OSError, KeyError) as exc:
        raise AccountingUnreachableError(container_id, str(exc)) from exc
    return Meter(counters, members, limit_bytes=limit_bytes)


def _open_counters(folders: dict[str | None, Path]) -> tuple[Counters, Path]:
    if "memory" in folders:
        return CountersV1(**{str(name): folders[name] for name in CONTROLLERS}), folders["memory"]
    return CountersV2(folders[None]), folders[None]
