"""Follows LocalStack's execution environments as they start, serve and end.

Of what an invocation used LocalStack knows nothing, and for a container that has died in the middle of one it
waits a quarter of an hour.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

from docker.errors import APIError
from localstack.services.lambda_.invocation import docker_runtime_executor as executors
from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment
from localstack.services.lambda_.invocation.executor_endpoint import ExecutorEndpoint

from harness.targets.localstack.inside.environment import Environment
from harness.targets.localstack.inside.seams import wrap
from harness.targets.localstack.labels import FUNCTION

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

_environments: dict[str, Environment] = {}
"""By the names of their containers."""

_this_thread = threading.local()
"""An invocation is sent to its environment by the thread that asks for it."""


def follow_environments() -> None:
    """Change how environments start, serve and stop, and watch for containers that die."""
    wrap(executors.DockerRuntimeExecutor, "start", ["self", "env_vars"], _start)
    wrap(executors.DockerRuntimeExecutor, "stop", ["self"], _stop)
    wrap(ExecutionEnvironment, "invoke", ["self", "invocation"], _invoke)
    wrap(ExecutorEndpoint, "_perform_invoke", ["invocation_url", "proxies", "payload"], _send)
    threading.Thread(target=_watch_for_deaths, name="thumbrig-deaths", daemon=True).start()


def _start(original: Callable[..., Any], executor: Any, variables: dict[str, str]) -> None:
    environment = _environments[executor.container_name] = Environment(executor)
    original(executor, variables)
    environment.started()


def _stop(original: Callable[..., Any], executor: Any) -> None:
    # Before the container ends: its death is wanted, and its counters go with it.
    environment = _environments.pop(executor.container_name, None)
    if environment is not None:
        environment.close()
    _kill(executor.container_name)
    original(executor)


def _kill(container: str) -> None:
    # Lambda gives a runtime without extensions no time to end. LocalStack gives five seconds, which its init
    # lets pass, and an invocation whose environment did not start waits for them.
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    with contextlib.suppress(APIError):
        executors.CONTAINER_CLIENT.client().api.kill(container)


def _invoke(original: Callable[..., Any], theirs: ExecutionEnvironment, invocation: Any) -> Any:
    environment = _environments[theirs.runtime_executor.container_name]
    _this_thread.environment = environment
    result = environment.serve(lambda: original(theirs, invocation), invocation.request_id)
    if environment.died:
        # Otherwise the next invocation would be sent to it.
        theirs.stop()
    return result


def _send(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    answer = original(*arguments, **named)
    _this_thread.environment.sent()
    return answer


def _watch_for_deaths() -> None:
    client = executors.CONTAINER_CLIENT.client()
    wanted = {"type": "container", "event": "die", "label": FUNCTION}
    for event in client.events(filters=wanted, decode=True):
        attributes = event["Actor"]["Attributes"]
        if environment := _environments.get(attributes["name"]):
            try:
                environment.end_with_container(int(attributes["exitCode"]))
            except Exception:  # noqa: BLE001  one that failed must not end the watch over the others
                _log.exception("the end of container %s was not told", attributes["name"])
