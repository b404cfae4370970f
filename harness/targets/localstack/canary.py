"""Proves in each run that LocalStack's functions are held: by two that allocate, and by what Docker says.

Its container also has a label that names the optional repairs which this LocalStack does not have.
"""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.containers import engine as containers
from harness.sandbox.canary import DIES_MB, LIVES_MB, MEMORY_MB, SOURCE
from harness.sandbox.limits.base import BYTES_PER_MB, CPU_PERIOD_US, MB_PER_CORE, cpu_quota_us
from harness.targets.localstack.errors import LimitsNotHeldError
from harness.targets.localstack.inside import FUNCTION_LABEL, MISSING_REPAIRS_LABEL
from harness.wait import wait_for

if TYPE_CHECKING:
    from docker import DockerClient

    from harness.aws import Aws
    from harness.package.platforms import Architecture
    from harness.sandbox.limits.base import Cpu

# A pull of the runtime's image may be in it.
_CREATE_TIMEOUT_SECONDS: Final = 600.0
_RUNTIME: Final = "python3.13"
# LocalStack does not ask whether the role exists.
_ROLE: Final = "arn:aws:iam::000000000000:role/thumbrig-canary"


@dataclass(frozen=True, kw_only=True)
class ContainerProof:
    """What the two showed; all figures are Docker's own about a container of theirs."""

    memory_bytes: int
    with_swap_bytes: int
    cpu_quota_us: int
    missing_repairs: frozenset[str]


def prove(
    aws: Aws, engine: DockerClient, *, name: str, architecture: Architecture, cpu: Cpu
) -> ContainerProof:
    """Deploy a function that allocates, have it live and die, and look at its container.

    Raises LimitsNotHeldError.
    """
    _create(aws, name, architecture)
    try:
        with ThreadPoolExecutor(max_workers=2) as pool:
            lived = pool.submit(_allocate, aws, name, LIVES_MB, hold_seconds=0.0)
            died = pool.submit(_allocate, aws, name, DIES_MB, hold_seconds=0.5)
        judge(lived.result(), died.result())
        container = _inspect(engine, name)
        held = container["HostConfig"]
        judge_settings(held, cpu)
    finally:
        aws.client("lambda").delete_function(FunctionName=name)
    missing = container["Config"]["Labels"].get(MISSING_REPAIRS_LABEL, "")
    return ContainerProof(
        memory_bytes=held["Memory"],
        with_swap_bytes=held["MemorySwap"],
        cpu_quota_us=held["CpuQuota"],
        missing_repairs=frozenset(filter(None, missing.split(","))),
    )


def judge(lived: str | None, died: str | None) -> None:
    """Decide by the errors of the two, None for an answer."""
    if lived is not None:
        raise LimitsNotHeldError(f"that a function that allocates {LIVES_MB} MB lives", lived)
    if died is None or not died.endswith("signal: killed"):
        expected = f"that a function that allocates {DIES_MB} MB is killed"
        raise LimitsNotHeldError(expected, died or "its answer")


def judge_settings(held: dict[str, Any], cpu: Cpu) -> None:
    """Decide by a container's configuration."""
    limit_bytes = MEMORY_MB * BYTES_PER_MB
    if (held["Memory"], held["MemorySwap"]) != (limit_bytes, limit_bytes):
        raise LimitsNotHeldError(
            f"{limit_bytes} bytes of memory, and as many with swap",
            f"{held['Memory']} and {held['MemorySwap']}",
        )
    quota_us = cpu_quota_us(MEMORY_MB / MB_PER_CORE) if cpu == "lambda" else 0
    if held["CpuQuota"] != quota_us:
        raise LimitsNotHeldError(
            f"a CPU quota of {quota_us} us in {CPU_PERIOD_US} (0: none)",
            f"{held['CpuQuota']}; start LocalStack with THUMBRIG_CPU={cpu}",
        )


def _create(aws: Aws, name: str, architecture: Architecture) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("index.py", SOURCE)
    aws.client("lambda").create_function(
        FunctionName=name,
        Runtime=_RUNTIME,
        Role=_ROLE,
        Handler="index.handle",
        Code={"ZipFile": package.getvalue()},
        MemorySize=MEMORY_MB,
        Timeout=60,
        Architectures=[architecture],
    )
    state = "unknown"

    def active() -> bool | None:
        nonlocal state
        found = aws.client("lambda").get_function_configuration(FunctionName=name)
        state = found["State"]
        if state == "Failed":
            raise LimitsNotHeldError("the canary to be created", found.get("StateReason", "Failed"))
        return True if state == "Active" else None

    wait_for(
        active,
        lambda: f"expected function {name} to be Active, it is {state}",
        timeout_seconds=_CREATE_TIMEOUT_SECONDS,
    )


def _allocate(aws: Aws, name: str, megabytes: int, *, hold_seconds: float) -> str | None:
    event = {"bytes": megabytes * BYTES_PER_MB, "hold_seconds": hold_seconds}
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" not in answer:
        return None
    return str(payload.get("errorMessage", payload))


def _inspect(engine: DockerClient, name: str) -> dict[str, Any]:
    with containers.translated("look at the canary's container"):
        found = engine.api.containers(all=True, filters={"label": f"{FUNCTION_LABEL}={name}"})
        if not found:
            raise LimitsNotHeldError("a container with the label of the canary", "none")
        container: dict[str, Any] = engine.api.inspect_container(found[0]["Id"])
    return container
