"""The embedded target: MiniStack on loopback, functions in the rig's sandbox. It needs Python only."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness import process
from harness.aws import Aws
from harness.deployment import Capability, Deployment
from harness.errors import ThumbrigError
from harness.run_folder import free_port, run_folder
from harness.sandbox.canary import SEEN
from harness.sandbox.limits.choose import confinement
from harness.sandbox.service import FunctionService, serving
from harness.targets.stacks import Stacks
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future

    from harness.package.function import FunctionFolder
    from harness.package.platforms import Platform
    from harness.process import Process
    from harness.sandbox.canary import Proof
    from harness.sandbox.limits.base import Confinement, Cpu

_log = logging.getLogger(__name__)

_REGION: Final = "us-east-1"
# MiniStack's root credentials; it is reachable from this machine only, and for one run.
_ROOT: Final = "test"
_START_TIMEOUT_SECONDS: Final = 30.0
_LOG_TAIL_LINES: Final = 12


class EmulatorFailedError(ThumbrigError):
    """Raised when MiniStack ends, or does not answer, while it should start."""

    def __init__(self, reason: str, log: Path) -> None:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])
        super().__init__(f"MiniStack did not start: {reason}\n{tail}")


class EmbeddedTarget:
    """A started MiniStack; each deployment is a stack of its own in it."""

    name = "embedded"
    capabilities = frozenset(Capability)

    def __init__(
        self,
        aws: Aws,
        *,
        stacks: Stacks,
        confinement: Confinement,
        proving: Future[Proof],
    ) -> None:
        self.confinement = confinement
        self.aws = aws
        self._proving = proving
        self._stacks = stacks

    @property
    def description(self) -> str:
        """What it consists of, with versions."""
        platform = self.confinement.limiter.platform(self._stacks.function_under_test.runtime)
        return f"MiniStack {metadata.version('ministack')}, functions on {platform}"

    @property
    def limits(self) -> str:
        """What holds the functions, and that it was seen to."""
        proof = self._proving.result()
        return f"functions are held by {proof.limiter} ({self.confinement.limiter.description}), {SEEN}"

    def deploy(
        self, *, function: FunctionFolder | None = None, parameters: Mapping[str, str] | None = None
    ) -> Deployment:
        """Deploy a function, the one under test if none is named, in a stack of its own."""
        deployment = self._stacks.deploy(self.aws, function, parameters, capabilities=self.capabilities)
        # Nothing is to run, let alone be measured, under a limiter that does not limit.
        self._proving.result()
        return deployment


@contextlib.contextmanager
def embedded_target(
    function: FunctionFolder,
    *,
    cache: Path,
    port: int | None = None,
    limiter: str | None = None,
    cpu: Cpu = "unshaped",
) -> Iterator[EmbeddedTarget]:
    """Run MiniStack and the sandbox inside the block; at its end no process and no file of theirs is left.

    Functions are held to their memory by the limiter of this name, or by the hardest that the machine allows.
    """
    held = confinement(limiter, cpu=cpu)
    stacks = Stacks(function, lambda one: _platform(one, held), prefix="thumbrig-", cache=cache)
    port = free_port(port)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(run_folder())
        service = FunctionService(
            folder=folder / "sandbox", confinement=held, most_environments=max(2, os.cpu_count() or 2)
        )
        sandbox_url = stack.enter_context(serving(service))
        # Building, proving and starting take up to a second each, and none needs another.
        workers = stack.enter_context(ThreadPoolExecutor(max_workers=2))
        building = workers.submit(stacks.build, function)
        proving = workers.submit(service.prove_limits)
        endpoint_url = stack.enter_context(_ministack(folder, port, sandbox_url))
        aws = Aws(region=_REGION, endpoint_url=endpoint_url, access_key_id=_ROOT, secret_access_key=_ROOT)
        service.administered_by(aws)
        # Before MiniStack ends: the last lines of the functions' logs still go there.
        stack.callback(service.close)
        # Whatever is wrong with the function is told before a scenario needs it; from here on it is cached.
        building.result()
        yield EmbeddedTarget(aws, stacks=stacks, confinement=held, proving=proving)


def _platform(function: FunctionFolder, confinement: Confinement) -> Platform:
    platform = confinement.limiter.platform(function.runtime)
    if function.family.name == "nodejs" and platform.runtime != function.runtime:
        _log.warning(
            "%s: runs in %s here, the Node.js of this machine", function.description, platform.runtime
        )
    return platform


@contextlib.contextmanager
def _ministack(folder: Path, port: int, sandbox_url: str) -> Iterator[str]:
    log = folder / "ministack.log"
    command = [sys.executable, "-m", "harness.targets.embedded.ministack_server"]
    environment = _environment(folder, port, sandbox_url)
    with process.running(command, cwd=folder, env=environment, log=log, stop_seconds=1.0) as server:
        condition = _Answering(server, f"http://127.0.0.1:{port}/_ministack/health")
        try:
            wait_for(condition, timeout_seconds=_START_TIMEOUT_SECONDS, backoff=Backoff(most_seconds=0.05))
        except TimedOutError as exc:
            raise EmulatorFailedError(str(exc), log) from exc
        if server.poll() is not None:
            raise EmulatorFailedError(f"it ended with exit code {server.returncode}", log)
        yield f"http://127.0.0.1:{port}"


def _environment(folder: Path, port: int, sandbox_url: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": _ROOT,
        "AWS_SECRET_ACCESS_KEY": _ROOT,
        "BIND_HOST": "127.0.0.1",
        # It would remove the containers of anybody else's MiniStack at its start.
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
        "GATEWAY_PORT": str(port),
        # Lambda's own default; MiniStack would throttle a burst by the size of the machine.
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
        # Lambda waits a minute before the first retry, and two before the second.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.05",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": _REGION,
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        "THUMBRIG_SANDBOX_URL": sandbox_url,
        "TMPDIR": str(folder),
    }


class _Answering:
    """True once the server answers, and also once it has ended: waiting on would not help."""

    def __init__(self, server: Process, url: str) -> None:
        self._server = server
        self._url = url
        self._last = "not asked yet"

    def check(self) -> bool | None:
        """Ask once."""
        if self._server.poll() is not None:
            return True
        try:
            with urllib.request.urlopen(self._url, timeout=5):  # noqa: S310  loopback
                return True
        except OSError as exc:
            self._last = str(exc)
            return None

    def describe(self) -> str:
        """Say what the last look found."""
        return f"expected an answer from {self._url}, got: {self._last}"
