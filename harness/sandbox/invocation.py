"""One invocation: what is asked of a function, and what came of it."""

from __future__ import annotations

import json
import math
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
    """What came of one request, and what it took.

    `init_seconds` and `init_cpu_seconds` are there when the request found no environment ready; the peak is
    then that of the initialisation and the request together. The peak of any other invocation is its own,
    where Lambda reports the highest since the environment began. `limiter` says what held and measured it.
    """

    request_id: str
    outcome: Outcome
    payload: bytes
    duration_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    oom_killed: bool
    limiter: str
    init_seconds: float | None = None
    init_cpu_seconds: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the function returned; an answer that names an error of its own is a return too."""
        return self.outcome is Outcome.SUCCESS

    @property
    def billed_milliseconds(self) -> int:
        """Every started millisecond; since August 2025 those of the initialisation too."""
        # https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
        return math.ceil((self.duration_seconds + (self.init_seconds or 0.0)) * 1000)


def error_payload(error_type: str, message: str) -> bytes:
    """Build the payload that Lambda itself answers when the function could not."""
    body: dict[str, Any] = {"errorType": error_type, "errorMessage": message}
    return json.dumps(body).encode()
