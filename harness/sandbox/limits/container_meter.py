"""What an invocation in a running container uses, from the container's own control groups.

The kernel keeps the same numbers for a container as for a cgroup of the rig's own, so it is measured by the
same rules. The engine's own statistics come once a second, which is too rarely.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docker.errors import NotFound

from harness import process
from harness.containers.engine import EngineFailedError, translated
from harness.containers.images import runtime_image
from harness.errors import ThumbrigError
from harness.sandbox.function import OWN_RUNTIME
from harness.sandbox.limits.base import Usage
from harness.sandbox.limits.container_cgroup import folders_by_process, open_meter

if TYPE_CHECKING:
    from docker import DockerClient

    from harness.containers.engine import EngineRun
    from harness.sandbox.limits.meter import Meter

_PACKAGE: Final = Path(__file__).parents[2]
_PLACE: Final = "/opt/thumbrig"
_CGROUPS: Final = "/sys/fs/cgroup"


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


class ContainerMeters:
    """Opens the meters of a run's containers.

    From here where their control groups are: as root, on the engine's machine. For anybody else, and where
    the engine has a virtual machine, from a container beside them.
    """

    def __init__(self, engine: DockerClient, run: EngineRun) -> None:
        self._engine = engine
        self._run = run
        self._lock = threading.Lock()
        self._beside: _MeterContainer | None = None

    @property
    def from_beside(self) -> bool:
        """Whether another container had to be started to measure."""
        return self._beside is not None

    def open(self, container_id: str) -> ContainerMeter:
        """Begin to measure a running container."""
        with translated(f"look at container {container_id[:12]}"):
            container: Mapping[str, Any] = self._engine.api.inspect_container(container_id)
        if not container["State"]["Running"]:
            raise ContainerNotRunningError(container_id)
        process_id = container["State"]["Pid"]
        limit_bytes = container["HostConfig"]["Memory"] or sys.maxsize
        return ContainerMeter(self._engine, container_id, self._open(container_id, process_id, limit_bytes))

    def close(self) -> None:
        """End the container that measures, if there is one."""
        with self._lock:
            if self._beside is not None:
                self._beside.close()
                self._beside = None

    def _open(self, container_id: str, process_id: int, limit_bytes: int) -> Meter | _MeterBeside:
        with self._lock:
            try:
                if self._beside is None:
                    with contextlib.suppress(OSError):
                        folders = folders_by_process(container_id, process_id)
                        return open_meter(folders, limit_bytes=limit_bytes)
                    self._beside = _MeterContainer(self._run)
                return _MeterBeside(
                    self._beside, container_id, process_id=process_id, limit_bytes=limit_bytes
                )
            except OSError as exc:
                raise AccountingUnreachableError(container_id, str(exc)) from exc


class ContainerMeter:
    """Measures a running container, its whole tree of processes, between `begin` and `end`."""

    def __init__(self, engine: DockerClient, container_id: str, meter: Meter | _MeterBeside) -> None:
        self._engine = engine
        self._id = container_id
        self._meter = meter

    def begin(self) -> None:
        """Count from here on; a new meter counts from the container's beginning."""
        with contextlib.suppress(OSError):
            self._meter.begin()

    def end(self) -> Usage:
        """Return what was used since; of a container that has ended, only whether its memory was why."""
        try:
            return self._meter.end()
        except OSError:
            return self._ended()

    def close(self) -> None:
        """Close the files, also those of a container that is gone."""
        with contextlib.suppress(OSError):
            self._meter.close()

    def _ended(self) -> Usage:
        with translated(f"look at container {self._id[:12]}"), contextlib.suppress(NotFound):
            container = self._engine.api.inspect_container(self._id)
            killed = bool(container["State"]["OOMKilled"])
            peak_bytes = container["HostConfig"]["Memory"] if killed else 0
            return Usage(peak_bytes=peak_bytes, oom_killed=killed)
        return Usage()


class _MeterBeside:
    """A meter like `harness.sandbox.limits.meter.Meter`, in the container beside."""

    def __init__(self, beside: _MeterContainer, container: str, *, process_id: int, limit_bytes: int) -> None:
        self._beside = beside
        self._container = container
        beside.ask("open", container, process_id=process_id, limit_bytes=limit_bytes)

    def begin(self) -> None:
        self._beside.ask("begin", self._container)

    def end(self) -> Usage:
        return Usage(**self._beside.ask("end", self._container))

    def close(self) -> None:
        self._beside.ask("close", self._container)


class _MeterContainer:
    """The container that `meter_server.py` runs in, one for a run; it ends when the requests end."""

    def __init__(self, run: EngineRun) -> None:
        self._lock = threading.Lock()
        command = _command(run.labels, runtime_image(OWN_RUNTIME))
        self._process = process.start(command, cwd=_PACKAGE, env=os.environ, fed=True)
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError(command)
        self._requests, self._answers = self._process.stdin, self._process.stdout
        if (answer := self._answers.readline()) != b"ready\n":
            self.close()
            raise EngineFailedError("start the container that measures", answer.decode().strip())

    def ask(self, verb: str, container: str, **settings: int) -> dict[str, Any]:
        """Have it do something; raises OSError with the kernel's reason against it."""
        request = json.dumps({"verb": verb, "container": container, **settings})
        with self._lock:
            self._requests.write(request.encode() + b"\n")
            self._requests.flush()
            line = self._answers.readline()
        if not line:
            raise EngineFailedError("measure", "the container that measures has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise OSError(answer["error"])
        return answer

    def close(self) -> None:
        """End it: without requests it ends by itself, and its container goes."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()
        process.stop(self._process)
        self._answers.close()


def _command(labels: Mapping[str, str], image: str) -> Sequence[str]:
    return [
        *("docker", "run", "--rm", "--interactive", "--network=none"),
        *(f"--label={name}={value}" for name, value in labels.items()),
        # It finds control groups by a process in them, and what its processes have mapped of their libraries.
        *("--pid=host", "--cgroupns=host", f"--volume={_CGROUPS}:{_CGROUPS}"),
        # Where SELinux is on, it keeps containers from the host's files.
        "--security-opt=label=disable",
        f"--volume={_PACKAGE}:{_PLACE}/{_PACKAGE.name}:ro",
        *(f"--env=PYTHONPATH={_PLACE}", "--env=PYTHONDONTWRITEBYTECODE=1"),
        *("--entrypoint=python3", image, "-m", "harness.sandbox.limits.meter_server"),
    ]
