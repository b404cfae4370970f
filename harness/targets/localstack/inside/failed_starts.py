"""Writes the log of an invocation whose environment did not start: of those LocalStack stores nothing."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment
from localstack.services.lambda_.invocation.version_manager import LambdaVersionManager

from harness.sandbox.limits.base import Usage
from harness.targets.localstack.inside import report
from harness.targets.localstack.inside.dating import dated
from harness.targets.localstack.inside.seams import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_this_thread = threading.local()
"""An environment is started by the thread whose invocation needs it."""


def tell_of_failed_starts() -> None:
    """Change how an invocation ends whose environment did not start."""
    wrap(ExecutionEnvironment, "errored", ["self"], _errored)
    wrap(LambdaVersionManager, "invoke", ["self", "invocation"], _invoke)


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
    figures = report.Figures(
        usage=Usage(peak_bytes=0, cpu_seconds=0.0, oom_killed=False),
        duration_seconds=0.0,
        init_seconds=time.monotonic() - started,
        memory_mb=int(manager.function_version.config.memory_size),
    )
    log = report.failed_start_log(invocation.request_id, error_line(result.payload), figures)
    told = replace(
        result,
        request_id=invocation.request_id,
        payload=report.corrected_payload(result.payload),
        logs=dated(
            log,
            [],
            request_id=invocation.request_id,
            began_epoch_ms=int(began * 1000),
            ended_epoch_ms=int(time.time() * 1000),
        ),
    )
    manager.store_logs(invocation_result=told, execution_env=environment)
    return told


def error_line(payload: bytes) -> str:
    """Say what kept the runtime from starting, as AWS's runtime client writes it."""
    try:
        error = json.loads(payload)
        return f"[ERROR] {error['errorType']}: {error['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return f"[ERROR] {payload.decode(errors='replace')}"
