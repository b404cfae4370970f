"""The environments of one function: reused while they last, started when all are busy."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

from harness.sandbox.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.sandbox.function import DeployedFunction
    from harness.sandbox.invocation import Invocation
    from harness.sandbox.limits.base import Confinement
    from harness.sandbox.logs import LogSink


class EnvironmentPool:
    """Serves the invocations of a function, each in an environment that does nothing else meanwhile.

    Lambda starts up to 1,000 at once; here a request waits while `most` are busy: a laptop has few cores.
    """

    def __init__(  # noqa: PLR0913  what an environment needs, and how many of them
        self,
        function: DeployedFunction,
        *,
        folder: Path,
        runtime_folder: Path,
        log: Callable[[str], LogSink],
        confinement: Confinement,
        most: int,
    ) -> None:
        self.function = function
        self._folder = folder
        self._runtime_folder = runtime_folder
        self._log = log
        self._confinement = confinement
        self._slots = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._idle: list[Environment] = []
        self._started: set[Environment] = set()
        self._numbers = itertools.count(1)
        self._closed = False

    def invoke(self, event: bytes, *, request_id: str) -> Invocation:
        """Serve one event in an idle environment, or in a new one."""
        with self._slots:
            environment = self._take() or self._start()
            try:
                return environment.invoke(event, request_id=request_id)
            finally:
                self._give_back(environment)

    def close(self) -> None:
        """Stop all environments, in the middle of an invocation too."""
        with self._lock:
            self._closed = True
            started = list(self._started)
        for environment in started:
            environment.stop()

    def _take(self) -> Environment | None:
        # The one used last is the one whose memory is still in the caches.
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _start(self) -> Environment:
        environment = Environment(
            self.function,
            folder=self._folder / str(next(self._numbers)),
            runtime_folder=self._runtime_folder,
            log=self._log,
            confinement=self._confinement,
        )
        with self._lock:
            self._started.add(environment)
            closed = self._closed
        if closed:
            environment.stop()
        return environment

    def _give_back(self, environment: Environment) -> None:
        with self._lock:
            if environment.usable and not self._closed:
                self._idle.append(environment)
                return
            self._started.discard(environment)
        environment.stop()
