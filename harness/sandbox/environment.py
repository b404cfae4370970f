"""One execution environment: a runtime process that serves one invocation after the other."""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from harness import process
from harness.sandbox import texts
from harness.sandbox.function import DeployedFunction
from harness.sandbox.invocation import Invocation, InvocationStatus
from harness.sandbox.limits.base import Confinement, Usage
from harness.sandbox.logs import LogSink, ProcessOutput
from harness.sandbox.runtime_api import (
    FunctionFailed,
    FunctionReturned,
    RuntimeApi,
    RuntimeExited,
    RuntimeMessage,
    RuntimeReady,
)

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: the Init phase
_INIT_TIMEOUT_SECONDS = 10.0
_AFTER_FAILURE_SECONDS = 1.0


class Environment:
    """A started environment, for one thread at a time; `usable` says whether it can take another request."""

    def __init__(
        self,
        function: DeployedFunction,
        *,
        folder: Path,
        runtime_folder: Path,
        log: Callable[[str], LogSink],
        confinement: Confinement,
    ) -> None:
        self.function = function
        self.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
        self.usable = True
        self._sink = log(self.log_stream)
        self._limiter = confinement.limiter.name
        self._runtime = confinement.limiter.runtime(function.runtime)
        self._init_seconds: float | None = None
        self._cleanup = contextlib.ExitStack()
        self._stopping = threading.Lock()
        with contextlib.ExitStack() as stack:
            self._api = stack.enter_context(RuntimeApi(function.arn))
            temporary = folder / "tmp"
            temporary.mkdir(parents=True)
            self._held = confinement.hold(function, temporary=temporary)
            stack.callback(self._held.close)
            started = time.monotonic()
            self._process = self._held.start(
                self._runtime.command(function),
                cwd=function.task_root,
                env=self._variables(temporary, runtime_folder),
            )
            self._output = ProcessOutput(self._process, self._sink)
            stack.callback(self._output.close)
            # Without notice: a frozen environment gets no chance to say goodbye on Lambda either.
            stack.callback(process.stop, self._process, stop_seconds=0)
            threading.Thread(target=self._watch, daemon=True).start()
            self._init_failure = self._initialise(started)
            self._cleanup = stack.pop_all()

    def invoke(self, event: bytes, *, request_id: str) -> Invocation:
        """Serve one event; afterwards `usable` says whether the environment can serve another."""
        self._log(texts.start_line(request_id))
        if self._init_failure is not None:
            invocation = self._not_initialised(request_id, self._init_failure)
        else:
            invocation = self._serve(event, request_id)
        self._output.drain()
        self._log(texts.end_line(request_id))
        self._log(texts.report_line(invocation, memory_mb=self.function.memory_mb))
        return invocation

    def stop(self) -> None:
        """Kill the process with all that it started, and close the Runtime API."""
        self.usable = False
        with self._stopping:
            self._cleanup.close()

    def _initialise(self, started: float) -> FunctionFailed | RuntimeExited | None:
        message = self._await(
            RuntimeReady, FunctionFailed, RuntimeExited, timeout_seconds=_INIT_TIMEOUT_SECONDS
        )
        self._init_seconds = time.monotonic() - started
        self._init_usage = self._held.end()
        self._held.throttle()
        match message:
            case FunctionFailed() | RuntimeExited():
                return message
            case None:
                process.stop(self._process, stop_seconds=0)
                return RuntimeExited(exit_code=-signal.SIGKILL)
        return None

    def _serve(self, event: bytes, request_id: str) -> Invocation:
        timeout = self.function.timeout_seconds
        self._held.begin()
        deadline_ms = int((time.time() + timeout) * 1000)
        started = time.monotonic()
        self._api.send(event, request_id=request_id, deadline_epoch_ms=deadline_ms)
        message = self._await(FunctionReturned, FunctionFailed, RuntimeExited, timeout_seconds=timeout)
        duration_seconds = time.monotonic() - started
        usage = self._held.end()
        status, payload = self._judge(message, request_id)
        return self._invocation(request_id, status, payload, duration_seconds, usage)

    def _judge(self, message: RuntimeMessage | None, request_id: str) -> tuple[InvocationStatus, bytes]:
        match message:
            case FunctionReturned(payload=payload):
                return InvocationStatus.SUCCESS, payload
            case FunctionFailed(payload=payload):
                # Node.js posts what nobody caught, and ends. One that goes on asks for an event at once.
                after = self._await(RuntimeReady, RuntimeExited, timeout_seconds=_AFTER_FAILURE_SECONDS)
                self.usable = self.usable and isinstance(after, RuntimeReady)
                return InvocationStatus.FUNCTION_ERROR, payload
            case RuntimeExited(exit_code=code):
                self.usable = False
                return InvocationStatus.EXITED, texts.exit_payload(request_id, code)
        self.usable = False
        process.stop(self._process, stop_seconds=0)
        text = texts.time_out_line(request_id, self.function.timeout_seconds)
        self._log(text)
        return InvocationStatus.TIMED_OUT, texts.error_payload("Sandbox.Timedout", text)

    def _not_initialised(self, request_id: str, message: FunctionFailed | RuntimeExited) -> Invocation:
        # Lambda starts another environment for the next invocation after a failed initialisation.
        self.usable = False
        if isinstance(message, FunctionFailed):
            payload = message.payload
        else:
            payload = texts.exit_payload(request_id, message.exit_code)
        return self._invocation(request_id, InvocationStatus.INIT_ERROR, payload, 0.0, Usage())

    def _invocation(
        self, request_id: str, status: InvocationStatus, payload: bytes, duration_seconds: float, usage: Usage
    ) -> Invocation:
        init_seconds, self._init_seconds = self._init_seconds, None
        # The first invocation is the one that the initialisation was for.
        init = self._init_usage if init_seconds is not None else None
        return Invocation(
            request_id=request_id,
            status=status,
            payload=payload,
            duration_seconds=duration_seconds,
            cpu_seconds=usage.cpu_seconds,
            peak_memory_bytes=max(usage.peak_bytes, init.peak_bytes if init else 0),
            oom_killed=usage.oom_killed or (init is not None and init.oom_killed),
            limiter=self._limiter,
            init_seconds=init_seconds,
            init_cpu_seconds=init.cpu_seconds if init else None,
        )

    def _await(self, *kinds: type[RuntimeMessage], timeout_seconds: float) -> RuntimeMessage | None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                message = self._api.messages.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return None
            # The call for the next event, which follows each answer, means nothing to an invocation.
            if isinstance(message, kinds):
                return message

    def _watch(self) -> None:
        self._api.messages.put(RuntimeExited(exit_code=self._process.wait()))

    def _log(self, message: str) -> None:
        self._sink.write(message, epoch_ms=int(time.time() * 1000))

    def _variables(self, temporary: Path, runtime_folder: Path) -> dict[str, str]:
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: the reserved variables
        function = self.function
        return {
            **function.variables,
            **function.credentials.as_environment(),
            "_HANDLER": function.handler,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_ENDPOINT_URL": function.endpoint_url,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_REGION": function.region,
            "LAMBDA_RUNTIME_DIR": str(runtime_folder),
            "LAMBDA_TASK_ROOT": str(function.task_root),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": str(temporary),
            "TZ": ":UTC",
            # Last: a runtime in an image of its own has its own folders.
            **self._runtime.variables(function, runtime_folder),
        }
