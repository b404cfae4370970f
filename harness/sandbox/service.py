"""The part of Lambda that runs functions, as an HTTP service for an emulator that only administers them.

One POST is one invocation: the event is the body, the headers `X-Function-Name` and `X-Request-Id` name both.
The answer is 200 with the function's payload, or 500 with Lambda's error payload.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.aws import Aws
from harness.errors import ThumbrigError
from harness.sandbox.canary import Proof, prove
from harness.sandbox.environment import Environment
from harness.sandbox.function import OWN_RUNTIME, read_function
from harness.sandbox.invocation import Invocation
from harness.sandbox.limits.base import Confinement
from harness.sandbox.logs import LogGroupWriter
from harness.sandbox.loopback import Call, LoopbackServer, Reply
from harness.sandbox.runtimes import link_runtimes, runtime_folder
from harness.sandbox.texts import error_payload

_log = logging.getLogger(__name__)


class ServiceClosedError(ThumbrigError):
    """Raised when an invocation arrives while the rig is ending."""

    def __init__(self) -> None:
        super().__init__("the rig is ending: it takes no more invocations")


class FunctionService:
    """Finds a function's pool by its name, and fills it from the control plane at the first invocation."""

    def __init__(self, *, folder: Path, confinement: Confinement, most_environments: int) -> None:
        self._folder = folder
        self._runtimes = folder / "runtimes"
        self._confinement = confinement
        self._most = most_environments
        self._aws: Aws | None = None
        self._lock = threading.Lock()
        self._pools: dict[str, EnvironmentPool] = {}
        self._cleanup = contextlib.ExitStack()
        self._closed = False
        link_runtimes(self._runtimes)

    def administered_by(self, aws: Aws) -> None:
        """Name the Lambda API that knows the functions; it is not up yet when this service starts."""
        self._aws = aws

    def invoke(self, name: str, event: bytes, *, request_id: str) -> tuple[bool, bytes]:
        """Run one invocation; return whether it succeeded, and its payload."""
        invocation = self._pool(name).invoke(event, request_id=request_id)
        return invocation.succeeded, invocation.payload

    def prove_limits(self) -> Proof:
        """Show that functions of this service are held to their memory; raises LimitNotEnforcedError."""
        folder = runtime_folder(OWN_RUNTIME, self._runtimes)
        return prove(self._confinement, folder=self._folder / "canary", runtime_folder=folder)

    def close(self) -> None:
        """Stop every environment and write the last lines of the logs."""
        with self._lock:
            self._closed = True
            self._cleanup.close()

    def _pool(self, name: str) -> EnvironmentPool:
        with self._lock:
            if self._closed:
                raise ServiceClosedError
            if name not in self._pools:
                self._pools[name] = self._open_pool(name)
            return self._pools[name]

    def _open_pool(self, name: str) -> EnvironmentPool:
        if self._aws is None:
            raise RuntimeError(name)
        function = read_function(self._aws, name, folder=self._folder / "packages")
        own = self._aws.with_credentials(function.credentials)
        writer = LogGroupWriter(own.client("logs"), function.log_group)
        self._cleanup.callback(writer.close)

        def start(number: int) -> Environment:
            return Environment(
                function,
                folder=self._folder / "environments" / name / str(number),
                runtime_folder=runtime_folder(function.runtime, self._runtimes),
                log=writer.stream,
                confinement=self._confinement,
            )

        pool = EnvironmentPool(start, most=self._most)
        self._cleanup.callback(pool.close)
        return pool


class EnvironmentPool:
    """Serves the invocations of a function, each in an environment that does nothing else meanwhile.

    Environments are reused while they last. Lambda starts up to 1,000 at once; here a request waits while
    `most` are busy: a laptop has few cores.
    """

    def __init__(self, start: Callable[[int], Environment], *, most: int) -> None:
        self._start_numbered = start
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
        environment = self._start_numbered(next(self._numbers))
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


@contextlib.contextmanager
def serving(service: FunctionService) -> Iterator[str]:
    """Serve invocations on a free port of loopback inside the block; yields the URL."""
    server = LoopbackServer(lambda call: _reply(service, call))
    server.start()
    try:
        yield f"http://{server.address}/"
    finally:
        service.close()
        server.stop()


def _reply(service: FunctionService, call: Call) -> Reply:
    name, request_id = call.headers["X-Function-Name"], call.headers["X-Request-Id"]
    try:
        succeeded, payload = service.invoke(name, call.body, request_id=request_id)
    except ServiceClosedError as exc:
        succeeded, payload = False, error_payload("Sandbox.Closed", str(exc))
    except Exception as exc:  # noqa: BLE001  a server answers, whatever went wrong
        # The emulator must count it as a failed attempt, and the person finds it in the rig's log.
        _log.exception("function %s could not be run", name)
        succeeded, payload = False, error_payload("Sandbox.StartError", str(exc))
    return Reply(status=200 if succeeded else 500, body=payload)
