"""What Lambda itself says in a function's log and in its answers, word for word."""

from __future__ import annotations

import json
import math
import signal
from typing import TYPE_CHECKING

from harness.sandbox.limits.base import BYTES_PER_MB

if TYPE_CHECKING:
    from harness.sandbox.invocation import Invocation

# Lambda's supervisor is written in Go and uses that language's names of signals.
_SIGNAL_NAMES: dict[int, str] = {
    signal.SIGKILL: "killed",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
}


def start_line(request_id: str) -> str:
    """Say that an invocation begins."""
    return f"START RequestId: {request_id} Version: $LATEST"


def end_line(request_id: str) -> str:
    """Say that an invocation is over."""
    return f"END RequestId: {request_id}"


def report_line(invocation: Invocation, *, memory_mb: int) -> str:
    """Report what an invocation used; a started megabyte counts as a whole one."""
    fields = [
        f"REPORT RequestId: {invocation.request_id}",
        f"Duration: {invocation.duration_seconds * 1000:.2f} ms",
        f"Billed Duration: {invocation.billed_milliseconds} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {math.ceil(invocation.peak_memory_bytes / BYTES_PER_MB)} MB",
    ]
    if invocation.init_seconds is not None:
        fields.append(f"Init Duration: {invocation.init_seconds * 1000:.2f} ms")
    return "\t".join(fields)


def time_out_line(request_id: str, timeout_seconds: int) -> str:
    """Say that a function was stopped at its time limit."""
    return f"RequestId: {request_id} Error: Task timed out after {timeout_seconds:.2f} seconds"


def error_payload(error_type: str, message: str) -> bytes:
    """Build the payload that Lambda itself answers when the function cannot."""
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def exit_payload(request_id: str, exit_code: int) -> bytes:
    """Build the answer for a runtime that ended; a negative code is the number of a signal."""
    message = f"RequestId: {request_id} Error: Runtime exited with error: {exit_description(exit_code)}"
    return error_payload("Runtime.ExitError", message)


def exit_description(exit_code: int) -> str:
    """Say how a runtime ended; a negative code is the number of a signal."""
    if exit_code < 0:
        return f"signal: {_SIGNAL_NAMES.get(-exit_code, signal.strsignal(-exit_code))}"
    return f"exit status {exit_code}"
