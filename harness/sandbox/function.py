"""What an execution environment needs to know of a deployed function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.aws import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# What functions of the rig's own are written for, whatever the others are in.
OWN_RUNTIME: Final = "python3.13"


@dataclass(frozen=True, kw_only=True)
class DeployedFunction:
    """A function as the control plane describes it, its package unpacked in `task_root`."""

    name: str
    arn: str
    region: str
    runtime: str
    handler: str
    memory_mb: int
    timeout_seconds: int
    variables: Mapping[str, str]
    log_group: str
    task_root: Path
    endpoint_url: str
    credentials: Credentials


def bare_function(name: str, task_root: Path, *, runtime: str, memory_mb: int) -> DeployedFunction:
    """Describe a function of the rig's own, `index.handle`, which no Lambda API knows."""
    return DeployedFunction(
        name=name,
        arn=f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        region="us-east-1",
        runtime=runtime,
        handler="index.handle",
        memory_mb=memory_mb,
        timeout_seconds=30,
        variables={},
        log_group=f"/aws/lambda/{name}",
        task_root=task_root,
        endpoint_url="",
        credentials=Credentials(access_key_id="", secret_access_key="", session_token=""),
    )
