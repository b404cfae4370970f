from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from harness.sandbox.environment import Environment
from harness.sandbox.function import OWN_RUNTIME, bare_function
from harness.sandbox.logs import Silence
from harness.sandbox.runtimes import runtime_folder as folder_of_runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.sandbox.function import DeployedFunction
    from harness.sandbox.invocation import Invocation
    from harness.sandbox.limits.base import Confinement

    Start = Callable[..., "Held"]

# Only what grows in the heap's own way is like a picture being decoded: page after page, written to.
_SOURCE = """
import mmap, os, subprocess, sys, time

def take(megabytes):
    memory = mmap.mmap(-1, megabytes << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for offset in range(0, len(memory), mmap.PAGESIZE):
        memory[offset] = 1
    return memory

def handle(event, context):
    taken = take(event["take_mb"]) if "take_mb" in event else None
    if "child_mb" in event:
        code = f"memory = bytearray(b'x') * ({event['child_mb']} << 20); import time; time.sleep(0.3)"
        return subprocess.run([sys.executable, "-S", "-c", code]).returncode
    if "orphan" in event:
        command = ["sleep", event["orphan"]]
        return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL).pid
    if "file_mb" in event:
        with open(os.path.join(os.environ["TMPDIR"], "file"), "wb") as file:
            file.write(b"x" * (event["file_mb"] << 20))
    if "high_water" in event:
        with open("/proc/self/status") as status:
            return [int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")][0]
    until = time.process_time() + event.get("spin_seconds", 0)
    while time.process_time() < until:
        pass
    return os.getpid()
"""


@dataclass(frozen=True)
class Held:
    environment: Environment

    def invoke(self, **event: object) -> Invocation:
        return self.environment.invoke(json.dumps(event).encode(), request_id="1")


@pytest.fixture(scope="session")
def runtime_folder(runtimes: Path) -> Path:
    """The libraries of Lambda's Python runtime."""
    return folder_of_runtime(OWN_RUNTIME, runtimes)


@pytest.fixture
def start(tmp_path: Path, runtime_folder: Path) -> Iterator[Start]:
    """Starts environments of a function that takes what its event names, and stops them at the end."""
    started: list[Environment] = []

    def start_environment(
        confinement: Confinement, *, memory_mb: int = 512, source: str = _SOURCE, timeout_seconds: int = 30
    ) -> Held:
        root = tmp_path / f"task-{len(started)}"
        root.mkdir()
        (root / "index.py").write_text(source)
        environment = Environment(
            _function(root, confinement, memory_mb, timeout_seconds),
            folder=tmp_path / f"environment-{len(started)}",
            runtime_folder=runtime_folder,
            log=lambda _: Silence(),
            confinement=confinement,
        )
        started.append(environment)
        return Held(environment)

    yield start_environment
    for environment in started:
        environment.stop()


def _function(root: Path, confinement: Confinement, memory_mb: int, timeout_seconds: int) -> DeployedFunction:
    runtime = confinement.limiter.platform(OWN_RUNTIME).runtime
    function = bare_function("hungry", root, runtime=runtime, memory_mb=memory_mb)
    return replace(function, timeout_seconds=timeout_seconds)
