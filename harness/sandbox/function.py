"""What an execution environment needs to know of a deployed function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The temporary credentials of a function's role."""

    access_key_id: str
    secret_access_key: str
    session_token: str

    def as_environment(self) -> dict[str, str]:
        """Name them as Lambda does."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


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
