"""Looks at a LocalStack that is starting, or that a person keeps up."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from docker import DockerClient

_SCRIPT: Final = "thumbrig.py"
_LOG_TAIL_LINES: Final = 12
_PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Status:
    """What LocalStack says of itself: whether it is up, and how the rig's script in it ended."""

    ready: bool
    script: str | None

    @property
    def repaired(self) -> bool:
        """Whether the rig's changes are in it."""
        return self.script == "SUCCESSFUL"

    @property
    def script_description(self) -> str:
        """Say in words how the script stands."""
        return "there is none" if self.script is None else f"which is in the state {self.script}"


def read_status(endpoint_url: str) -> Status:
    """Ask LocalStack; raises OSError or ValueError if nothing that is LocalStack answers."""
    with urllib.request.urlopen(  # noqa: S310  loopback, or what a person named
        f"{endpoint_url}/_localstack/init", timeout=_PATIENCE_SECONDS
    ) as response:
        return parse_status(response.read())


def read_version(endpoint_url: str) -> str:
    """Ask LocalStack for its version."""
    with urllib.request.urlopen(  # noqa: S310  as above
        f"{endpoint_url}/_localstack/health", timeout=_PATIENCE_SECONDS
    ) as response:
        return str(json.load(response)["version"])


def parse_status(answer: bytes) -> Status:
    """Understand the answer; raises ValueError if it is not LocalStack's."""
    try:
        document = json.loads(answer)
        states = {script["name"]: str(script["state"]) for script in document["scripts"]}
        return Status(ready=bool(document["completed"]["READY"]), script=states.get(_SCRIPT))
    except (KeyError, TypeError) as exc:
        raise ValueError(answer[:80].decode(errors="replace")) from exc


class Started:
    """True once LocalStack is up; also once its container has ended: waiting on would not help."""

    def __init__(self, engine: DockerClient, container_id: str, endpoint_url: str) -> None:
        self._engine = engine
        self._container_id = container_id
        self._endpoint_url = endpoint_url
        self._last = "not asked yet"

    def check(self) -> bool | None:
        """Look at the container, then ask."""
        if exit_code(self._engine, self._container_id) is not None:
            return True
        try:
            status = read_status(self._endpoint_url)
        except (OSError, ValueError) as exc:
            self._last = str(exc)
            return None
        self._last = f"its start-up is not over, the rig's script in it: {status.script_description}"
        return True if status.ready else None

    def describe(self) -> str:
        """Say what the last look found."""
        return f"expected it to be ready at {self._endpoint_url}, got: {self._last}"


def exit_code(engine: DockerClient, container_id: str) -> int | None:
    """Give the code with which a container has ended, or None while it runs."""
    state: dict[str, Any] = engine.api.inspect_container(container_id)["State"]
    return None if state["Running"] else int(state["ExitCode"])


def log_tail(engine: DockerClient, container_id: str) -> list[str]:
    """Read the last lines that a container wrote."""
    written: bytes = engine.api.logs(container_id, tail=_LOG_TAIL_LINES)
    return [line for line in written.decode(errors="replace").splitlines() if line.strip()]
