"""The rig's end of the meter that runs in a container beside those it measures."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness import process
from harness.containers.engine import EngineFailedError
from harness.containers.images import runtime_image
from harness.sandbox.function import OWN_RUNTIME
from harness.sandbox.limits.base import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.containers.engine import Run

_PACKAGE: Final = Path(__file__).parents[2]
_PLACE: Final = "/opt/thumbrig"
_CGROUPS: Final = "/sys/fs/cgroup"


class MeterContainer:
    """Started once for a run; it ends when nobody asks any more."""

    def __init__(self, run: Run) -> None:
        self._lock = threading.Lock()
        command = _command(run.labels, runtime_image(OWN_RUNTIME))
        self._process = process.start(command, cwd=_PACKAGE, env=os.environ, fed=True)
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError(command)
        self._questions, self._answers = self._process.stdin, self._process.stdout
        if (answer := self._answers.readline()) != b"ready\n":
            self.close()
            raise EngineFailedError("start the container that measures", answer.decode().strip())

    def open(self, container: str, *, process_id: int, limit_bytes: int) -> MeterBeside:
        """Open a container's accounting there; raises OSError where it is out of reach there too."""
        self.ask("open", container, process_id=process_id, limit_bytes=limit_bytes)
        return MeterBeside(self, container)

    def ask(self, verb: str, container: str, **settings: int) -> dict[str, Any]:
        """Have it do something; raises OSError with what the kernel says against it."""
        question = json.dumps({"verb": verb, "container": container, **settings})
        with self._lock:
            self._questions.write(question.encode() + b"\n")
            self._questions.flush()
            line = self._answers.readline()
        if not line:
            raise EngineFailedError("measure", "the container that measures has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise OSError(answer["error"])
        return answer

    def close(self) -> None:
        """End it: without questions it ends by itself, and its container goes."""
        with contextlib.suppress(BrokenPipeError):
            self._questions.close()
        process.stop(self._process)
        self._answers.close()


class MeterBeside:
    """A meter like `harness.sandbox.limits.meter.Meter`, in the other container."""

    def __init__(self, beside: MeterContainer, container: str) -> None:
        self._beside = beside
        self._container = container
        self._last: Usage | None = None

    def begin(self) -> None:
        """Reset the peak, and note what only grows."""
        if self._last is None:
            self._beside.ask("begin", self._container)

    def end(self) -> Usage:
        """Compare with what was noted."""
        return self._last or Usage(**self._beside.ask("end", self._container))

    def close(self) -> None:
        """Read a last time: who is stopped in the middle of an invocation still asks for its usage."""
        if self._last is None:
            self._last = self.end()
            self._beside.ask("close", self._container)


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
