"""One invocation: what is asked of a function, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Outcome(Enum):
    """How an invocation ended."""

    SUCCESS = "success"
    FUNCTION_ERROR = "function error"
    INIT_ERROR = "init error"
    EXITED = "exited"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, kw_only=True)
class Request:
    """An event for a function; `deadline_epoch_ms` is what `context` counts its remaining time from."""

    request_id: str
    event: bytes
    deadline_epoch_ms: int


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What came of one request. `init_seconds` is there when the request found no environment ready."""

    request_id: str
    outcome: Outcome
    payload: bytes
    duration_seconds: float
    init_seconds: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the function returned; an answer that names an error of its own is a return too."""
        return self.outcome is Outcome.SUCCESS


def error_payload(error_type: str, message: str) -> bytes:
    """Build the payload that Lambda itself answers when the function could not."""
    body: dict[str, Any] = {"errorType": error_type, "errorMessage": message}
    return json.dumps(body).encode()
