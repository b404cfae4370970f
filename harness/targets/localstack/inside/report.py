"""Corrects what LocalStack says of an invocation: the figures in its log, and how its runtime ended.

Of an invocation whose environment did not start, LocalStack logs nothing: the log is written here.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from harness.sandbox import texts
from harness.sandbox.invocation import Invocation, InvocationStatus
from harness.sandbox.limits.base import Usage
from harness.targets.localstack.inside.seams import Seam, wrap
from harness.targets.localstack.inside.timestamps import dated

_INVOCATION = "localstack.services.lambda_.invocation"
_REPORT = re.compile(r"^REPORT RequestId: \S+\t(?:.*\t)?Duration: (?P<milliseconds>[\d.]+) ms")
# The status that Python's subprocess gives to a signal; an init may be written in it.
_NEGATIVE_STATUS = re.compile(rb"Runtime exited with error: exit status -(?P<number>\d+)")

_this_thread = threading.local()
"""An environment is started by the thread whose invocation needs it."""


@dataclass(frozen=True, kw_only=True)
class ReportFigures:
    """What was measured of one invocation; `init_seconds` if it was its environment's first."""

    usage: Usage
    duration_seconds: float
    init_seconds: float | None
    memory_mb: int


def corrected_log(log: str, request_id: str, figures: ReportFigures) -> str:
    """Put what was measured into the line that ends an invocation; write its frame if there is no log."""
    if not log:
        return _framed(request_id, [], figures)
    lines = [_corrected_line(line, request_id, figures) for line in log.split("\n") if line]
    return "".join(f"{line}\n" for line in lines)


def corrected_payload(payload: bytes) -> bytes:
    """Name the signal that ended a runtime where only its number is given."""

    def named(found: re.Match[bytes]) -> bytes:
        return f"Runtime exited with error: {texts.exit_description(-int(found['number']))}".encode()

    return _NEGATIVE_STATUS.sub(named, payload)


def log_failed_starts() -> None:
    """Change how an invocation ends whose environment did not start."""
    wrap(
        Seam(f"{_INVOCATION}.execution_environment:ExecutionEnvironment.errored", ["self"], _errored),
        Seam(f"{_INVOCATION}.version_manager:LambdaVersionManager.invoke", ["self", "invocation"], _invoke),
    )


def error_line(payload: bytes) -> str:
    """Say what kept the runtime from starting, as AWS's runtime client writes it."""
    try:
        error = json.loads(payload)
        return f"[ERROR] {error['errorType']}: {error['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return f"[ERROR] {payload.decode(errors='replace')}"


def _errored(original: Callable[..., Any], environment: Any) -> None:
    _this_thread.failed = environment
    original(environment)


def _invoke(original: Callable[..., Any], manager: Any, *, invocation: Any) -> Any:
    _this_thread.failed = None
    began, started = time.time(), time.monotonic()
    result = original(manager, invocation=invocation)
    environment = _this_thread.failed
    if environment is None or not result.is_error:
        return result
    request_id = invocation.request_id
    figures = ReportFigures(
        usage=Usage(peak_bytes=0, cpu_seconds=0.0, oom_killed=False),
        duration_seconds=0.0,
        init_seconds=time.monotonic() - started,
        memory_mb=int(manager.function_version.config.memory_size),
    )
    corrected = replace(
        result,
        request_id=request_id,
        payload=corrected_payload(result.payload),
        logs=dated(
            _framed(request_id, [error_line(result.payload)], figures),
            [],
            request_id=request_id,
            began_epoch_ms=int(began * 1000),
            ended_epoch_ms=int(time.time() * 1000),
        ),
    )
    manager.store_logs(invocation_result=corrected, execution_env=environment)
    return corrected


def _framed(request_id: str, lines: list[str], figures: ReportFigures) -> str:
    report = _report(request_id, figures)
    framed = [texts.start_line(request_id), *lines, texts.end_line(request_id), report]
    return "".join(f"{line}\n" for line in framed)


def _corrected_line(line: str, request_id: str, figures: ReportFigures) -> str:
    if found := _REPORT.match(line):
        # Its own clock ran beside the function, ours beside the network in between too.
        seconds = float(found["milliseconds"]) / 1000
        return _report(request_id, replace(figures, duration_seconds=seconds))
    return line


def _report(request_id: str, figures: ReportFigures) -> str:
    invocation = Invocation(
        request_id=request_id,
        # The line is the same whatever came of the invocation.
        status=InvocationStatus.SUCCESS,
        payload=b"",
        duration_seconds=figures.duration_seconds,
        cpu_seconds=figures.usage.cpu_seconds,
        peak_memory_bytes=figures.usage.peak_bytes,
        oom_killed=figures.usage.oom_killed,
        limiter="docker",
        init_seconds=figures.init_seconds,
    )
    return texts.report_line(invocation, memory_mb=figures.memory_mb)
