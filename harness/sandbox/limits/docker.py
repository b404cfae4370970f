"""Limits by a Docker engine: each environment is a container of Lambda's own runtime image.

For machines whose kernel is out of reach: macOS, where the engine has a virtual machine, and Linux for who
may talk to the engine but not write to the control groups.
"""

from __future__ import annotations

import platform as machine
import shutil
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness import guardian
from harness.containers import engine as containers
from harness.containers.engine import Run
from harness.containers.images import runtime_image
from harness.errors import ThumbrigError
from harness.package.platforms import Architecture, lambda_platform
from harness.sandbox import image_runtime
from harness.sandbox.function import OWN_RUNTIME
from harness.sandbox.limits.container_cage import ContainerCage, Yard
from harness.sandbox.limits.container_meter import ContainerMeters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

    from harness.package.platforms import Platform
    from harness.sandbox.limits.base import Cage, Limit, Room
    from harness.sandbox.runtimes import Runtime

_ARCHITECTURES: Final[Mapping[str, Architecture]] = {"amd64": "x86_64", "arm64": "arm64"}


class UnfitEngineError(ThumbrigError):
    """Raised when an engine answers but cannot hold functions."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"the Docker engine {missing}")


@dataclass(frozen=True, kw_only=True)
class _Engine:
    yard: Yard
    info: Mapping[str, Any]


class Docker:
    """Makes cages that are containers; the engine is connected to when it is first asked for."""

    name = "docker"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: _Engine | None = None
        self._swept = False

    @property
    def description(self) -> str:
        """How it holds; without swap accounting the engine cannot turn swap off."""
        engine = self._connected()
        info = engine.info
        swap = "swap off" if info["SwapLimit"] else "swap not off (the engine's kernel does not count it)"
        measured = ", measured from a container beside them" if engine.yard.meters.from_beside else ""
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
            engine = self._connected()
            containers.require_image(engine.yard.engine, runtime_image(OWN_RUNTIME))
        except ThumbrigError as exc:
            return str(exc)
        return None

    def platform(self, runtime: str) -> Platform:
        """Describe Lambda's environment, on the processor that the image is for."""
        client = self._connected().yard.engine
        image = runtime_image(runtime)
        containers.require_image(client, image)
        with containers.translated(f"look at the image {image}"):
            architecture = client.images.get(image).attrs["Architecture"]
        if architecture not in _ARCHITECTURES:
            raise UnfitEngineError(f"has the image {image} for {architecture}, Lambda has amd64 and arm64")
        return lambda_platform(runtime, _ARCHITECTURES[architecture])

    def runtime(self, _name: str) -> Runtime:
        """Give the one that is in the image."""
        return image_runtime

    def create(self, limit: Limit, room: Room) -> Cage:
        """Start a container, in which the cage's process will be started."""
        engine = self._connected()
        self._sweep(engine.yard)
        return ContainerCage(engine.yard, limit, room)

    def _connected(self) -> _Engine:
        with self._lock:
            if self._engine is None:
                if shutil.which("docker") is None:
                    raise UnfitEngineError("needs its command `docker`, which is not on PATH: install it")
                client = containers.connect()
                weakref.finalize(self, client.close)
                self._engine = _fit(client)
                weakref.finalize(self, self._engine.yard.meters.close)
            return self._engine

    def _sweep(self, yard: Yard) -> None:
        with self._lock:
            if not self._swept:
                containers.remove_left_overs(yard.engine)
                guardian.watch_containers(yard.run.id)
                self._swept = True


def _fit(client: DockerClient) -> _Engine:
    with containers.translated("describe itself"):
        info = client.info()
    if not info["MemoryLimit"]:
        raise UnfitEngineError("cannot limit memory: its kernel has no memory controller")
    if "name=rootless" in (info.get("SecurityOptions") or []):
        raise UnfitEngineError("is rootless: its containers cannot reach what the rig serves on loopback")
    run = Run()
    on_this_kernel = machine.system() == "Linux" and info["KernelVersion"] == machine.release()
    yard = Yard(engine=client, run=run, meters=ContainerMeters(client, run), on_this_kernel=on_this_kernel)
    return _Engine(yard=yard, info=info)
