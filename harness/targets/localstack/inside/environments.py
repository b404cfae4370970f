"""Follows LocalStack's execution environments as they start, serve and end.

Of what an invocation used LocalStack knows nothing, and for a container that has died in the middle of one it
waits a quarter of an hour.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import InvalidStateError
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from docker.errors import APIError
from localstack.services.lambda_.invocation import docker_runtime_executor as executors
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import InvocationResult

from harness.sandbox import texts
from harness.sandbox.limits.base import Usage
from harness.sandbox.limits.container_cgroup import folders_below, open_meter
from harness.targets.localstack.inside import FUNCTION_LABEL, report
from harness.targets.localstack.inside.limits import memory_bytes
from harness.targets.localstack.inside.seams import Seam, wrap
from harness.targets.localstack.inside.timestamps import dated, printed_lines

if TYPE_CHECKING:
    from harness.sandbox.limits.meter import Meter
    from harness.targets.localstack.inside.timestamps import Line

_log = logging.getLogger(__name__)

_INVOCATION = "localstack.services.lambda_.invocation"
_EXECUTOR = f"{_INVOCATION}.docker_runtime_executor:DockerRuntimeExecutor"
_SIGKILL = 9
# What a container's status is when its first process was killed.
_KILLED_STATUS = 128 + _SIGKILL

_containers: dict[str, _FunctionContainer] = {}
"""By their names."""

_this_thread = threading.local()
"""An invocation is sent to its environment by the thread that asks for it."""


def follow_environments() -> None:
    """Change how environments start, serve and stop, and watch for containers that die."""
    wrap(
        Seam(f"{_EXECUTOR}.start", ["self", "env_vars"], _start),
        Seam(f"{_EXECUTOR}.stop", ["self"], _stop),
        Seam(
            f"{_INVOCATION}.execution_environment:ExecutionEnvironment.invoke",
            ["self", "invocation"],
            _invoke,
        ),
        Seam(
            f"{_INVOCATION}.executor_endpoint:ExecutorEndpoint._perform_invoke",
            ["invocation_url", "proxies", "payload"],
            _send,
        ),
    )
    threading.Thread(target=_watch_for_deaths, name="thumbrig-deaths", daemon=True).start()


def _start(original: Callable[..., Any], executor: Any, variables: dict[str, str]) -> None:
    container = _containers[executor.container_name] = _FunctionContainer(executor)
    original(executor, variables)
    container.started()


def _stop(original: Callable[..., Any], executor: Any) -> None:
    # Before the container ends: its death is wanted, and its counters go with it.
    container = _containers.pop(executor.container_name, None)
    if container is not None:
        container.close()
    _kill(executor.container_name)
    original(executor)


def _kill(container: str) -> None:
    # Lambda gives a runtime without extensions no time to end. LocalStack gives five seconds, which its init
    # lets pass, and an invocation whose environment did not start waits for them.
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    with contextlib.suppress(APIError):
        executors.CONTAINER_CLIENT.client().api.kill(container)


def _invoke(original: Callable[..., Any], theirs: Any, invocation: Any) -> Any:
    container = _containers[theirs.runtime_executor.container_name]
    _this_thread.container = container
    result = container.serve(lambda: original(theirs, invocation), invocation.request_id)
    if container.died:
        # Otherwise the next invocation would be sent to it.
        theirs.stop()
    return result


def _send(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    answer = original(*arguments, **named)
    _this_thread.container.sent()
    return answer


def _watch_for_deaths() -> None:
    client = executors.CONTAINER_CLIENT.client()
    wanted = {"type": "container", "event": "die", "label": FUNCTION_LABEL}
    for event in client.events(filters=wanted, decode=True):
        attributes = event["Actor"]["Attributes"]
        if container := _containers.get(attributes["name"]):
            try:
                container.end_with_container(int(attributes["exitCode"]))
            except Exception:  # noqa: BLE001  one that failed must not end the watch over the others
                _log.exception("nothing learned of the end of container %s", attributes["name"])


class _FunctionContainer:
    """A container, from before it starts until LocalStack stops it."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self._version = executor.function_version
        self._meter: Meter | None = None
        self._init_seconds: float | None = None
        self._of_death: Usage | None = None
        self._request_id = executor.id
        self._began_epoch_seconds = 0.0

    @property
    def died(self) -> bool:
        """Whether the container has ended without being stopped."""
        return self._of_death is not None

    def started(self) -> None:
        """Begin to measure; the runtime has just said that it is ready."""
        inspected = _inspect(self._executor.container_name)
        self._init_seconds = time.time() - datetime.fromisoformat(inspected["State"]["StartedAt"]).timestamp()
        self._meter = open_meter(folders_below(inspected["Id"]), limit_bytes=memory_bytes(self._version))

    def serve(self, invoke: Callable[[], Any], request_id: str) -> Any:
        """Measure an invocation, and correct what LocalStack says of it."""
        self._request_id = request_id
        # The first invocation is the one that the initialisation was for, so it counts both.
        init_seconds, self._init_seconds = self._init_seconds, None
        if self._meter is not None and init_seconds is None:
            # Of a container that has just died LocalStack will say so.
            with contextlib.suppress(OSError):
                self._meter.begin()
        self._began_epoch_seconds = asked = time.time()
        result = invoke()
        ended = time.time()
        figures = report.ReportFigures(
            usage=self._usage(),
            duration_seconds=ended - asked,
            init_seconds=init_seconds,
            memory_mb=int(self._version.config.memory_size),
        )
        return replace(
            result,
            request_id=request_id,
            payload=report.corrected_payload(result.payload),
            logs=dated(
                report.corrected_log(result.logs or "", request_id, figures),
                self._printed_since(asked - (init_seconds or 0.0)),
                request_id=request_id,
                began_epoch_ms=int(self._began_epoch_seconds * 1000),
                ended_epoch_ms=int(ended * 1000),
            ),
        )

    def sent(self) -> None:
        """Note that the container has taken the invocation: its handler begins now."""
        self._began_epoch_seconds = time.time()

    def end_with_container(self, exit_status: int) -> None:
        """Answer what waits for a container that has ended, as Lambda does when a runtime ends."""
        oom_killed = bool(_inspect(self._executor.container_name)["State"].get("OOMKilled"))
        peak_bytes = memory_bytes(self._version) if oom_killed else 0
        self._of_death = Usage(peak_bytes=peak_bytes, cpu_seconds=0.0, oom_killed=oom_killed)
        status = -_SIGKILL if exit_status == _KILLED_STATUS else exit_status
        payload = texts.exit_payload(self._request_id, status)
        endpoint = self._executor.executor_endpoint
        # It may have answered in its last moment.
        with contextlib.suppress(InvalidStateError):
            if not endpoint.startup_future.done():
                endpoint.startup_future.set_exception(StatusErrorException("the container ended", payload))
            elif endpoint.invocation_future is not None:
                result = InvocationResult(self._request_id, payload, is_error=True, logs=None)
                endpoint.invocation_future.set_result(result)

    def close(self) -> None:
        """End measuring."""
        if self._meter is not None:
            # Its counters may be gone with the container.
            with contextlib.suppress(OSError):
                self._meter.close()

    def _printed_since(self, epoch_seconds: float) -> list[Line]:
        # Of a container that is gone, or whose engine keeps no logs, LocalStack's own text is what there is.
        with contextlib.suppress(APIError):
            output = executors.CONTAINER_CLIENT.client().api.logs(
                self._executor.container_name,
                stdout=True,
                # There the init of LocalStack's images writes its own.
                stderr=False,
                timestamps=True,
                since=epoch_seconds,
            )
            return printed_lines(output)
        return []

    def _usage(self) -> Usage:
        if self._of_death is None and self._meter is not None:
            # Without a container there are no counters either, a moment before its death is known.
            with contextlib.suppress(OSError):
                return self._meter.end()
        return self._of_death or Usage(peak_bytes=0, cpu_seconds=0.0, oom_killed=False)


def _inspect(container: str) -> Any:
    return executors.CONTAINER_CLIENT.inspect_container(container)
