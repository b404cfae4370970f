"""A cage that is a container."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shlex
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docker.types import Mount

from harness import process
from harness.containers import engine as containers
from harness.containers.engine import EngineFailedError
from harness.containers.images import runtime_image
from harness.errors import ThumbrigError
from harness.sandbox.image_runtime import TASK_ROOT, TEMPORARY
from harness.sandbox.limits.cpu_quota import CPU_PERIOD_US, cpu_quota_us

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container

    from harness.containers.engine import Run
    from harness.process import Process
    from harness.sandbox.limits.base import Limit, Room, Usage
    from harness.sandbox.limits.container_meter import ContainerMeters

_log = logging.getLogger(__name__)

# The engine's command ends with 128 and the signal's number; this ends by the signal, as the function did.
_EXEC: Final = """
docker exec --interactive "$@"
code=$?
[ "$code" -gt 128 ] && kill -"$((code - 128))" $$
exit "$code"
"""
_READY: Final = b"ready\n"

_GATEWAY: Final = "thumbrig-gateway"
_LOOPBACK: Final = re.compile(r"(?<![\w.])(?:127\.0\.0\.1|localhost)(?=:\d)")


@dataclass(frozen=True, kw_only=True)
class Yard:
    """What the containers of a run have in common."""

    engine: DockerClient
    run: Run
    meters: ContainerMeters
    on_this_kernel: bool
    """Whether containers can have this machine's network; those in an engine's virtual machine cannot."""

    def create(self, limit: Limit, room: Room) -> Container:
        """Make a container whose first process only waits."""
        return self.engine.containers.create(
            runtime_image(room.runtime),
            entrypoint=["sleep", "infinity"],
            command=[],
            labels=self.run.labels,
            mem_limit=limit.memory_bytes,
            # Memory and swap together: what is left for swap is nothing.
            memswap_limit=limit.memory_bytes,
            read_only=True,
            mounts=[
                Mount(TASK_ROOT, str(room.task_root), type="bind", read_only=True),
                Mount(TEMPORARY, str(room.temporary), type="bind"),
            ],
            working_dir=TASK_ROOT,
            # Whoever runs the rig: what the function leaves in its folder must be theirs to remove.
            user=f"{os.getuid()}:{os.getgid()}",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            network_mode="host" if self.on_this_kernel else "bridge",
            extra_hosts={} if self.on_this_kernel else {_GATEWAY: "host-gateway"},
        )

    def loopback_of_the_rig(self, container: Container) -> str:
        """Give the address by which a container reaches what the rig serves on loopback."""
        if self.on_this_kernel:
            return "127.0.0.1"
        # As a number: with a name in their endpoint, S3 clients put the bucket's name in front of it.
        hosts = process.run(["docker", "exec", str(container.id), "cat", "/etc/hosts"])
        addresses = [line.split()[0] for line in hosts.splitlines() if _GATEWAY in line.split()[1:]]
        if not addresses:
            raise EngineFailedError("name the address of this machine", f"no {_GATEWAY} in\n{hosts}")
        return str(addresses[0])


class ContainerCage:
    """A container beside whose first process, which only waits, the cage's own is started.

    So the container, and with it the kernel's account of it, outlives a function that is killed. And all that
    takes long is done before a function's initialisation begins: a shell stands ready to become it.
    """

    def __init__(self, yard: Yard, limit: Limit, room: Room) -> None:
        self._yard = yard
        self._limit = limit
        self._lock = threading.Lock()
        self._closed = False
        with contextlib.ExitStack() as stack, containers.translated("start a function's container"):
            self._container = yard.create(limit, room)
            self._id = str(self._container.id)
            stack.callback(self._remove)
            self._container.start()
            self._loopback = yard.loopback_of_the_rig(self._container)
            self._meter = yard.meters.open(self._id)
            stack.callback(self._meter.close)
            self._shell = stack.enter_context(_shell_in(self._id, cwd=room.temporary))
            self._cleanup = stack.pop_all()

    def start(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Process:
        """Have the shell become the command; its folder is where the image has the package."""
        _log.debug("start in container %s, for %s: %s", self._id[:12], cwd, shlex.join(command))
        exports = [f"export {name}={shlex.quote(self._reachable(value))}" for name, value in env.items()]
        # One line: the shell must have read all when it gives way.
        script = "; ".join([*exports, f"exec {shlex.join(command)} </dev/null\n"])
        self._meter.begin()
        if self._shell.stdin is None:
            raise RuntimeError(self._id)
        with contextlib.suppress(BrokenPipeError), self._shell.stdin as shell:
            shell.write(script.encode())
        return self._shell

    def begin(self) -> None:
        """Count from here on."""
        self._meter.begin()

    def end(self) -> Usage:
        """Say what was taken since."""
        return self._meter.end()

    def throttle(self) -> None:
        """Set the quota, if there is a share to hold to."""
        with self._lock, containers.translated("hold a container to its share of the CPU"):
            if self._limit.cpu_share is not None and not self._closed:
                self._yard.engine.api.update_container(
                    self._id, cpu_period=CPU_PERIOD_US, cpu_quota=cpu_quota_us(self._limit.cpu_share)
                )

    def close(self) -> None:
        """Remove the container with all that runs in it."""
        with self._lock:
            self._closed = True
            self._cleanup.close()

    def _reachable(self, value: str) -> str:
        return _LOOPBACK.sub(self._loopback, value)

    def _remove(self) -> None:
        try:
            with containers.translated(f"remove container {self._id[:12]}"):
                containers.remove_container(self._yard.engine, self._id)
        except ThumbrigError as exc:
            # It has the run's label: the guardian tries again when the rig ends, and so does the next run.
            _log.warning("%s", exc)


@contextlib.contextmanager
def _shell_in(container_id: str, *, cwd: Path) -> Iterator[Process]:
    command = ["/bin/sh", "-c", _EXEC, "sh", container_id, "/bin/sh"]
    shell = process.start(command, cwd=cwd, env=os.environ, fed=True)
    try:
        if shell.stdin is None or shell.stdout is None:
            raise RuntimeError(container_id)
        with contextlib.suppress(BrokenPipeError):
            shell.stdin.write(b"echo ready\n")
            shell.stdin.flush()
        answer = shell.stdout.readline()
        if answer != _READY:
            process.stop(shell, stop_seconds=0)
            raise EngineFailedError("start a shell in a container", (answer + shell.stdout.read()).decode())
        yield shell
    finally:
        # Who was given the started function has stopped it already.
        if shell.returncode is None:
            process.stop(shell, stop_seconds=0)
        for pipe in (shell.stdin, shell.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
