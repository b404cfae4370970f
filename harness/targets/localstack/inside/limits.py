"""Holds each function's container to its memory, without swap, and to its share of the CPU."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from localstack.services.lambda_ import hooks
from localstack.services.lambda_.invocation import docker_runtime_executor as executors

from harness.sandbox.limits.base import BYTES_PER_MB, CPU_PERIOD_US, MB_PER_CORE, cpu_quota_us
from harness.targets.localstack.inside.seams import wrap
from harness.targets.localstack.labels import FUNCTION, VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable


def hold_functions(*, shape_cpu: bool) -> None:
    """Set memory as a container is made, swap before it starts, the CPU once its runtime is ready."""
    wrap(hooks.start_docker_executor, "run", ["args"], _limit_memory)
    wrap(executors.CONTAINER_CLIENT, "create_container_from_config", ["container_config"], _switch_swap_off)
    if shape_cpu:
        wrap(executors.DockerRuntimeExecutor, "start", ["self", "env_vars"], _throttle)


def memory_bytes(version: Any) -> int:
    """Give what a version of a function may use."""
    return int(version.config.memory_size) * BYTES_PER_MB


def _limit_memory(original: Callable[..., Any], configuration: Any, version: Any) -> Any:
    configuration.mem_limit = memory_bytes(version)
    configuration.labels = {**_labels_of_run(), FUNCTION: version.id.function_name}
    return original(configuration, version)


def _switch_swap_off(original: Callable[..., Any], configuration: Any) -> Any:
    made = original(configuration)
    if isinstance(configuration, executors.LambdaContainerConfiguration):
        limit = configuration.mem_limit
        # A limit of memory alone gives as much swap again; LocalStack has no setting for both together.
        _update(configuration.name, mem_limit=limit, memswap_limit=limit)
    return made


def _throttle(original: Callable[..., Any], executor: Any, variables: dict[str, str]) -> Any:
    # As on Lambda, the initialisation has all of the CPU: LocalStack returns from here when that is over.
    started = original(executor, variables)
    share = executor.function_version.config.memory_size / MB_PER_CORE
    _update(executor.container_name, cpu_period=CPU_PERIOD_US, cpu_quota=cpu_quota_us(share))
    return started


def _labels_of_run() -> dict[str, str]:
    # A LocalStack that a person started belongs to no run.
    labels: dict[str, str] = json.loads(os.environ.get(VARIABLE) or "{}")
    return labels


def _update(container: str, **limits: int) -> None:
    executors.CONTAINER_CLIENT.client().api.update_container(container, **limits)
