"""One invocation: how it ended, and what it used."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum


class InvocationStatus(Enum):
    """How an invocation ended."""

    SUCCESS = "success"
    FUNCTION_ERROR = "function error"
    INIT_ERROR = "init error"
    EXITED = "exited"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """How one request ended, and what it used.

    `init_seconds` and `init_cpu_seconds` are there when the request found no environment ready; the peak is
    then that of the initialisation and the request together. The peak of any other invocation is its own,
    where Lambda reports the highest since the environment began. `limiter` says what held and measured it.
    """

    request_id: str
    status: InvocationStatus
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
        return self.status is InvocationStatus.SUCCESS

    @property
    def billed_milliseconds(self) -> int:
        """Every started millisecond; since August 2025 those of the initialisation too."""
        # https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
        return math.ceil((self.duration_seconds + (self.init_seconds or 0.0)) * 1000)
