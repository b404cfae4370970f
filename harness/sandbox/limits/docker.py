"""Limits by a Docker engine: each environment is a container of Lambda's own runtime image.

For machines whose kernel is out of reach: macOS, where the engine has a virtual machine, and Linux for users
who may talk to the engine but not write to the control groups.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform as machine
import re
import shlex
import shutil
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docker.types import Mount

from harness import guardian, process
from harness.containers.engine import (
    EngineFailedError,
    EngineRun,
    connect,
    remove_container,
    remove_left_overs,
    require_image,
    translated,
)
from harness.containers.images import runtime_image
from harness.errors import ThumbrigError
from harness.package.platforms import Architecture, lambda_platform
from harness.sandbox.function import OWN_RUNTIME
from harness.sandbox.limits.base import CPU_PERIOD_US, cpu_quota_us
from harness.sandbox.limits.container_meter import ContainerMeters
from harness.sandbox.runtimes import IMAGE_TASK_ROOT, IMAGE_TEMPORARY, ImageRuntime

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

    from harness.package.platforms import Platform
    from harness.process import Process
    from harness.sandbox.limits.base import HeldProcesses, Limit, Mounts, Usage
    from harness.sandbox.runtimes import Runtime

_log = logging.getLogger(__name__)

_ARCHITECTURES: Final[Mapping[str, Architecture]] = {"amd64": "x86_64", "arm64": "arm64"}

# `docker exec` exits with 128 plus the signal's number; this ends by the signal itself, as the function did.
_EXEC: Final = """
docker exec --interactive "$@"
code=$?
[ "$code" -gt 128 ] && kill -"$((code - 128))" $$
exit "$code"
"""
_READY: Final = b"ready\n"

_GATEWAY: Final = "thumbrig-gateway"
_LOOPBACK: Final = re.compile(r"(?<![\w.])(?:127\.0\.0\.1|localhost)(?=:\d)")


class UnfitEngineError(ThumbrigError):
    """Raised when an engine answers but cannot hold functions."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"the Docker engine {missing}")


class Docker:
    """Starts containers; connects to the engine when it is first needed."""

    name = "docker"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: DockerSession | None = None
        self._swept = False

    @property
    def description(self) -> str:
        """How it holds; without swap accounting the engine cannot turn swap off."""
        session = self._connected()
        info = session.info
        swap = "swap off" if info["SwapLimit"] else "swap not off (the engine's kernel does not count it)"
        measured = ", measured from a container beside them" if session.meters.from_beside else ""
        return (
            f"Docker {info['ServerVersion']} on cgroup v{info.get('CgroupVersion', '1')}: "
            f"killed by the kernel, {swap}, whole process tree, in Lambda's runtime images"
            f"{measured}"
        )

    @property
    def shapes_cpu(self) -> bool:
        """Whether the engine can set a quota."""
        return bool(self._connected().info["CpuCfsQuota"])

    def unavailable(self) -> str | None:
        """Say what is missing: the engine, its command, a control group, the image that proves the limit."""
        try:
            require_image(self._connected().engine, runtime_image(OWN_RUNTIME))
        except ThumbrigError as exc:
            return str(exc)
        return None

    def platform(self, runtime: str) -> Platform:
        """Describe Lambda's environment, on the processor that the image is for."""
        engine = self._connected().engine
        image = runtime_image(runtime)
        require_image(engine, image)
        with translated(f"look at the image {image}"):
            architecture = engine.images.get(image).attrs["Architecture"]
        if architecture not in _ARCHITECTURES:
            raise UnfitEngineError(f"has the image {image} for {architecture}, Lambda has amd64 and arm64")
        return lambda_platform(runtime, _ARCHITECTURES[architecture])

    def runtime(self, _name: str) -> Runtime:
        """Return the one that is in the image."""
        return ImageRuntime()

    def create(self, limit: Limit, mounts: Mounts) -> HeldProcesses:
        """Start a container, in which the environment's process will be started."""
        session = self._connected()
        self._sweep(session)
        return ContainerProcesses(session, limit, mounts)

    def _connected(self) -> DockerSession:
        with self._lock:
            if self._session is None:
                if shutil.which("docker") is None:
                    raise UnfitEngineError("needs its command `docker`, which is not on PATH: install it")
                engine = connect()
                weakref.finalize(self, engine.close)
                self._session = _fit(engine)
                weakref.finalize(self, self._session.meters.close)
            return self._session

    def _sweep(self, session: DockerSession) -> None:
        with self._lock:
            if not self._swept:
                remove_left_overs(session.engine)
                guardian.watch_containers(session.run.id)
                self._swept = True


def _fit(engine: DockerClient) -> DockerSession:
    with translated("describe itself"):
        info = engine.info()
    if not info["MemoryLimit"]:
        raise UnfitEngineError("cannot limit memory: its kernel has no memory controller")
    if "name=rootless" in (info.get("SecurityOptions") or []):
        raise UnfitEngineError("is rootless: its containers cannot reach what the rig serves on loopback")
    run = EngineRun()
    return DockerSession(
        engine=engine,
        run=run,
        meters=ContainerMeters(engine, run),
        info=info,
        on_this_kernel=machine.system() == "Linux" and info["KernelVersion"] == machine.release(),
    )


@dataclass(frozen=True, kw_only=True)
class DockerSession:
    """What the containers of a run have in common; `info` is what the engine says of itself."""

    engine: DockerClient
    run: EngineRun
    meters: ContainerMeters
    info: Mapping[str, Any]
    on_this_kernel: bool
    """Whether containers can have this machine's network; those in an engine's virtual machine cannot."""

    def create(self, limit: Limit, mounts: Mounts) -> Container:
        """Make a container whose first process only waits."""
        return self.engine.containers.create(
            runtime_image(mounts.runtime),
            entrypoint=["sleep", "infinity"],
            command=[],
            labels=self.run.labels,
            mem_limit=limit.memory_bytes,
            # Memory and swap together: nothing is left for swap.
            memswap_limit=limit.memory_bytes,
            read_only=True,
            mounts=[
                Mount(IMAGE_TASK_ROOT, str(mounts.task_root), type="bind", read_only=True),
                Mount(IMAGE_TEMPORARY, str(mounts.temporary), type="bind"),
            ],
            working_dir=IMAGE_TASK_ROOT,
            # The rig's own user, who must be able to remove what the function leaves in its folder.
            user=f"{os.getuid()}:{os.getgid()}",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            network_mode="host" if self.on_this_kernel else "bridge",
            extra_hosts={} if self.on_this_kernel else {_GATEWAY: "host-gateway"},
        )

    def loopback_of_the_rig(self, container: Container) -> str:
        """Return the address by which a container reaches what the rig serves on loopback."""
        if self.on_this_kernel:
            return "127.0.0.1"
        # As a number: with a name in their endpoint, S3 clients put the bucket's name in front of it.
        hosts = process.run(["docker", "exec", str(container.id), "cat", "/etc/hosts"])
        addresses = [line.split()[0] for line in hosts.splitlines() if _GATEWAY in line.split()[1:]]
        if not addresses:
            raise EngineFailedError("name the address of this machine", f"no {_GATEWAY} in\n{hosts}")
        return str(addresses[0])


class ContainerProcesses:
    """A container whose first process only waits; the environment's process is started beside that.

    So the container, and with it the kernel's account of it, outlives a function that is killed. And all that
    takes long is done before a function's initialisation begins: a shell stands ready to become it.
    """

    def __init__(self, session: DockerSession, limit: Limit, mounts: Mounts) -> None:
        self._session = session
        self._limit = limit
        self._lock = threading.Lock()
        self._closed = False
        with contextlib.ExitStack() as stack, translated("start a function's container"):
            self._container = session.create(limit, mounts)
            self._id = str(self._container.id)
            stack.callback(self._remove)
            self._container.start()
            self._loopback = session.loopback_of_the_rig(self._container)
            self._meter = session.meters.open(self._id)
            stack.callback(self._meter.close)
            self._shell = stack.enter_context(_shell_in(self._id, cwd=mounts.temporary))
            self._cleanup = stack.pop_all()

    def start(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Process:
        """Have the shell become the command; its folder is where the image has the package."""
        _log.debug("start in container %s, for %s: %s", self._id[:12], cwd, shlex.join(command))
        exports = [f"export {name}={shlex.quote(self._reachable(value))}" for name, value in env.items()]
        # One line: the shell must have read everything before it becomes the command.
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
        """Return what was used since."""
        return self._meter.end()

    def throttle(self) -> None:
        """Set the quota, if there is a share to hold to."""
        with self._lock, translated("hold a container to its share of the CPU"):
            if self._limit.cpu_share is not None and not self._closed:
                self._session.engine.api.update_container(
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
            with translated(f"remove container {self._id[:12]}"):
                remove_container(self._session.engine, self._id)
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
        # A function that was started in it has been stopped already.
        if shell.returncode is None:
            process.stop(shell, stop_seconds=0)
        for pipe in (shell.stdin, shell.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
