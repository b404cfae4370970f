"""Holds each function's container to its memory, without swap, and to its share of the CPU."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

from localstack.services.lambda_.invocation import docker_runtime_executor as executors

from harness.sandbox.limits.base import BYTES_PER_MB, CPU_PERIOD_US, MB_PER_CORE, cpu_quota_us
from harness.targets.localstack.inside import FUNCTION_LABEL, LABELS_VARIABLE, MISSING_REPAIRS_LABEL
from harness.targets.localstack.inside.seams import Seam, wrap

_EXECUTORS = executors.__name__
# What LocalStack calls Docker's platforms, and Docker calls its images' processors.
_PROCESSORS = {"linux/amd64": "amd64", "linux/arm64": "arm64"}


def hold_functions(*, shape_cpu: bool, missing_repairs: Sequence[str]) -> None:
    """Set memory as a container is made, swap before it starts, the CPU once its runtime is ready.

    The container's labels name its function and the missing repairs, of which more may be found later.
    """

    def limit_memory(original: Callable[..., Any], configuration: Any, version: Any) -> Any:
        configuration.mem_limit = memory_bytes(version)
        configuration.labels = {
            # A LocalStack that a person started belongs to no run.
            **json.loads(os.environ.get(LABELS_VARIABLE) or "{}"),
            FUNCTION_LABEL: version.id.function_name,
            MISSING_REPAIRS_LABEL: ",".join(missing_repairs),
        }
        return original(configuration, version)

    wrap(
        Seam("localstack.services.lambda_.hooks:start_docker_executor.run", ["args"], limit_memory),
        Seam(
            f"{_EXECUTORS}:CONTAINER_CLIENT.create_container_from_config",
            ["container_config"],
            _switch_swap_off,
        ),
    )
    if shape_cpu:
        wrap(Seam(f"{_EXECUTORS}:DockerRuntimeExecutor.start", ["self", "env_vars"], _throttle))


def pull_only_what_is_missing() -> None:
    """Skip the pull of an image that the engine has: functions then start without a network."""
    wrap(Seam(f"{_EXECUTORS}:_ensure_runtime_image_present", ["image", "platform"], _ensure_image))


def memory_bytes(version: Any) -> int:
    """Return what a version of a function may use."""
    return int(version.config.memory_size) * BYTES_PER_MB


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


def _update(container: str, **limits: int) -> None:
    executors.CONTAINER_CLIENT.client().api.update_container(container, **limits)


def _ensure_image(original: Callable[..., Any], image: str, platform: str) -> Any:
    if _processor(image) != _PROCESSORS.get(str(platform), "any"):
        return original(image, platform)
    return None


def _processor(image: str) -> str | None:
    try:
        return str(executors.CONTAINER_CLIENT.inspect_image(image, pull=False)["Architecture"])
    except executors.NoSuchImage:
        return None
