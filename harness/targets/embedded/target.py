"""The embedded target: MiniStack on loopback, functions in the rig's sandbox. It needs Python only."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from harness import process
from harness.aws import Aws
from harness.deployment import Capability
from harness.errors import ThumbrigError
from harness.package.function import FunctionFolder
from harness.package.platforms import Platform
from harness.run_folder import PortTakenError, on_free_port, run_folder
from harness.sandbox.canary import SEEN, Proof
from harness.sandbox.limits.base import Confinement, Cpu
from harness.sandbox.limits.choose import confinement
from harness.sandbox.service import FunctionService, serving
from harness.targets.stacks import Packages, Stacks
from harness.wait import Backoff, TimedOutError, wait_for

_log = logging.getLogger(__name__)

_REGION: Final = "us-east-1"
# MiniStack's root credentials; it is reachable from this machine only, and for one run.
_ROOT: Final = "test"
# The function that shows at the start what MiniStack makes of a function's results.
_ECHO: Final = "thumbrig-echo"
_EMPTY_ZIP: Final = b"PK\x05\x06" + bytes(18)
_START_TIMEOUT_SECONDS: Final = 30.0
_LOG_TAIL_LINES: Final = 12
# The end of what asyncio says of a port that another process listens on.
_PORT_TAKEN: Final = "already in use"  # MiniStack looks for itself before it binds


class EmulatorFailedError(ThumbrigError):
    """Raised when MiniStack ends, or does not answer, while it should start."""

    def __init__(self, reason: str, log: Path) -> None:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])
        super().__init__(f"MiniStack did not start: {reason}\n{tail}")


class EmulatorChangedError(ThumbrigError):
    """Raised when MiniStack does not make of a function's result what the rig expects."""

    def __init__(self, expected: object, found: object) -> None:
        super().__init__(
            f"this MiniStack treats the results of functions otherwise: expected {expected}, "
            f"found {found}; install the version in constraints.txt"
        )


class EmbeddedTarget:
    """A started MiniStack; each deployment is a stack of its own in it."""

    name = "embedded"
    capabilities = frozenset(Capability)

    def __init__(self, aws: Aws, *, stacks: Stacks, confinement: Confinement, proving: Future[Proof]) -> None:
        self.aws = aws
        self.stacks = stacks
        self.deploy = stacks.deploy
        self.confinement = confinement
        self._proving = proving

    @property
    def description(self) -> str:
        """What it consists of, with versions."""
        platform = self.confinement.limiter.platform(self.stacks.function_under_test.runtime)
        return f"MiniStack {metadata.version('ministack')}, functions on {platform}"

    @property
    def limits(self) -> str:
        """What holds the functions, and that it was seen to."""
        proof = self._proving.result()
        return f"functions are limited by {proof.limiter} ({self.confinement.limiter.description}); {SEEN}"


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
    packages = Packages(lambda one: _platform(one, held), cache=cache)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(run_folder())
        service = FunctionService(
            folder=folder / "sandbox", confinement=held, most_environments=max(2, os.cpu_count() or 2)
        )
        sandbox_url = stack.enter_context(serving(service))
        # Building, proving and starting take up to a second each, and none needs another.
        workers = stack.enter_context(ThreadPoolExecutor(max_workers=3))
        building = workers.submit(packages.build, function)
        proving = workers.submit(service.prove_limits)
        endpoint_url = on_free_port(
            port, lambda port: stack.enter_context(_ministack(folder, port, sandbox_url))
        )
        aws = Aws(region=_REGION, endpoint_url=endpoint_url, access_key_id=_ROOT, secret_access_key=_ROOT)
        echoing = workers.submit(require_results_understood, aws)
        service.administered_by(aws)
        # Before MiniStack ends: the last lines of the functions' logs still go there.
        stack.callback(service.close)
        echoing.result()
        # A fault of the function is reported before a scenario needs it; from here on its package is there.
        building.result()
        stacks = Stacks(
            aws=aws,
            packages=packages,
            function_under_test=function,
            prefix="thumbrig-",
            proving=proving,
            with_cloudfront=True,
        )
        stack.callback(stacks.close)
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
    url, log = f"http://127.0.0.1:{port}", folder / "ministack.log"
    command = [sys.executable, "-m", "harness.targets.embedded.ministack_server"]
    environment = _environment(folder, port, sandbox_url)
    with process.running(command, cwd=folder, env=environment, log=log, stop_seconds=1.0) as server:
        last = "not asked yet"

        def answers_or_has_ended() -> bool | None:
            nonlocal last
            # Once it has ended, waiting on would not help.
            if server.poll() is not None:
                return True
            try:
                with urllib.request.urlopen(f"{url}/_ministack/health", timeout=5) as answer:  # noqa: S310  loopback
                    # Another run's MiniStack may have taken the port, and answers as well.
                    if json.load(answer).get("edition") != folder.name:
                        raise PortTakenError(port)
                    return True
            except (OSError, ValueError) as exc:
                last = str(exc)
                return None

        try:
            wait_for(
                answers_or_has_ended,
                lambda: f"expected an answer from {url}/_ministack/health, got: {last}",
                timeout_seconds=_START_TIMEOUT_SECONDS,
                backoff=Backoff(most_seconds=0.05),
            )
        except TimedOutError as exc:
            raise EmulatorFailedError(str(exc), log) from exc
        if server.poll() is not None:
            if _PORT_TAKEN in log.read_text(errors="replace"):
                raise PortTakenError(port)
            raise EmulatorFailedError(f"it ended with exit code {server.returncode}", log)
        yield url


def require_results_understood(aws: Aws) -> None:
    """Have a function echo a result and an error; raises EmulatorChangedError unless both come through."""
    try:
        _echo(aws)
    except (BotoCoreError, ClientError, ValueError) as exc:
        raise EmulatorChangedError("a function to be deployed and to echo its event", exc) from exc


def _echo(aws: Aws) -> None:
    functions, logs = aws.client("lambda"), aws.client("logs")
    error = {"errorType": "Echo", "errorMessage": "as it was asked to"}
    role = aws.client("iam").create_role(RoleName=_ECHO, AssumeRolePolicyDocument="{}")["Role"]
    functions.create_function(
        FunctionName=_ECHO,
        Runtime="python3.13",
        Role=role["Arn"],
        Handler="index.handle",
        Code={"ZipFile": _EMPTY_ZIP},
    )
    for event, expected in (({"echo": 1}, (None, {"echo": 1})), ({"error": error}, ("Unhandled", error))):
        answer = functions.invoke(FunctionName=_ECHO, Payload=json.dumps(event))
        found = (answer.get("FunctionError"), json.loads(answer["Payload"].read()))
        if found != expected:
            raise EmulatorChangedError(expected, found)
    # The sandbox writes the START, END and REPORT lines; MiniStack must write none beside them.
    with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
        if lines := logs.filter_log_events(logGroupName=f"/aws/lambda/{_ECHO}")["events"]:
            raise EmulatorChangedError("no lines of its own in the log", [line["message"] for line in lines])
    functions.delete_function(FunctionName=_ECHO)
    aws.client("iam").delete_role(RoleName=_ECHO)


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
        # A listener for MQTT that nobody needs.
        "IOT_MTLS_ENABLED": "0",
        # Lambda's own default; MiniStack would throttle a burst by the size of the machine.
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
        # Lambda waits a minute before the first retry, and two before the second.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.05",
        # Its answer about its health repeats this: so the rig knows its own MiniStack from another.
        "MINISTACK_EDITION": folder.name,
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": _REGION,
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        "THUMBRIG_ECHO": _ECHO,
        "THUMBRIG_SANDBOX_URL": sandbox_url,
        "TMPDIR": str(folder),
    }
