"""The LocalStack target: S3 and Lambda in LocalStack, functions in containers held to their limits."""

from __future__ import annotations

import contextlib
import logging
import urllib.parse
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.containers import engine as containers
from harness.deployment import Capability
from harness.package.platforms import lambda_platform
from harness.run_folder import run_folder
from harness.sandbox.canary import SEEN
from harness.sandbox.limits.base import CPU_PERIOD_US
from harness.targets.localstack.api import localstack_aws, read_status, read_version
from harness.targets.localstack.canary import prove
from harness.targets.localstack.cleanup import guest, prefix_of
from harness.targets.localstack.errors import EndpointError, RepairsMissingError
from harness.targets.localstack.service import started_localstack
from harness.targets.stacks import Packages, Stacks

if TYPE_CHECKING:
    from docker import DockerClient

    from harness.aws import Aws
    from harness.package.function import FunctionFolder
    from harness.package.platforms import Architecture
    from harness.sandbox.limits.base import Cpu
    from harness.targets.localstack.canary import ContainerProof

_log = logging.getLogger(__name__)

_ARCHITECTURES: Final[Mapping[str, Architecture]] = {"amd64": "x86_64", "arm64": "arm64"}

# Between the rig's look and the runtime's there are two processes and Docker's own reading of the output.
_LOG_PRECISION_MS: Final = 5.0

# What a target cannot do without an optional repair. No scenario needs the others.
_OF_REPAIRS: Final = {
    "timestamps": Capability.LOG_TIMESTAMPS,
    "failed-starts": Capability.LOGS_OF_FAILED_STARTS,
}


class LocalStackTarget:
    """A LocalStack that is up; each deployment is a stack of its own in it."""

    name = "localstack"

    def __init__(
        self, aws: Aws, *, stacks: Stacks, engine_description: str, proving: Future[ContainerProof]
    ) -> None:
        self.aws = aws
        self.stacks = stacks
        self.deploy = stacks.deploy
        self._engine_description = engine_description
        self._proving = proving

    @cached_property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do, known once the limits are proved."""
        missing = self._proving.result().missing_repairs
        if missing:
            _log.warning("this LocalStack does not take these of the rig's repairs: %s", ", ".join(missing))
        return capabilities(missing)

    @property
    def description(self) -> str:
        """What it consists of, with versions."""
        version = read_version(str(self.aws.endpoint_url))
        return f"LocalStack {version}, functions in containers of {self._engine_description}"

    @property
    def limits(self) -> str:
        """What holds the functions, and that it was seen to."""
        proof = self._proving.result()
        return (
            f"functions are limited by docker (containers of {proof.memory_bytes} bytes, "
            f"{proof.with_swap_bytes} with swap: killed by the kernel{_share(proof)}); {SEEN}"
        )


def capabilities(missing_repairs: Collection[str]) -> frozenset[Capability]:
    """Return what a LocalStack without these repairs can do.

    This edition has no CloudFront, and accepts IAM's policies without enforcing them.
    """
    lacking = {Capability.CLOUDFRONT, Capability.IAM, *(_OF_REPAIRS.get(name) for name in missing_repairs)}
    return frozenset(Capability) - lacking


@contextlib.contextmanager
def localstack_target(
    function: FunctionFolder,
    *,
    cache: Path,
    port: int | None = None,
    cpu: Cpu = "unshaped",
    endpoint: str | None = None,
) -> Iterator[LocalStackTarget]:
    """Run LocalStack inside the block, or use the one at `endpoint`, which goes on afterwards.

    At the block's end no container, no network and no file of the run is left.
    """
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(contextlib.closing(containers.connect()))
        run = stack.enter_context(containers.started_run(engine))
        folder = stack.enter_context(run_folder())
        architecture = _architecture(engine)
        packages = Packages(lambda one: lambda_platform(one.runtime, architecture), cache=cache)
        # Building, proving and starting take seconds each, and building needs neither of the others.
        workers = stack.enter_context(ThreadPoolExecutor(max_workers=2))
        building = workers.submit(packages.build, function)
        if endpoint:
            url = _require_prepared(endpoint)
            aws = localstack_aws(urllib.parse.urlsplit(url).netloc)
            stack.enter_context(guest(aws, engine, run))
        else:
            url = stack.enter_context(started_localstack(engine, run, folder=folder, port=port, cpu=cpu))
            aws = localstack_aws(urllib.parse.urlsplit(url).netloc)
        prefix = prefix_of(run)
        proving = workers.submit(
            prove, aws, engine, name=f"{prefix}canary", architecture=architecture, cpu=cpu
        )
        # A fault of the function is reported before a scenario needs it; from here on its package is there.
        building.result()
        stacks = Stacks(
            aws=aws,
            packages=packages,
            function_under_test=function,
            prefix=prefix,
            proving=proving,
            with_cloudfront=False,
            log_precision_ms=_LOG_PRECISION_MS,
        )
        stack.callback(stacks.close)
        yield LocalStackTarget(aws, stacks=stacks, engine_description=_describe(engine), proving=proving)


def _require_prepared(endpoint: str) -> str:
    parts = urllib.parse.urlsplit(endpoint if "://" in endpoint else f"http://{endpoint}")
    if parts.scheme != "http" or not parts.hostname:
        raise EndpointError(endpoint, "it is no address like http://localhost:4566")
    url = f"http://{parts.hostname}:{parts.port or 4566}"
    try:
        status = read_status(url)
    except (OSError, ValueError) as exc:
        raise EndpointError(endpoint, str(exc)) from exc
    if not status.repaired:
        raise RepairsMissingError(url, status.script_description)
    return url


def _share(proof: ContainerProof) -> str:
    return f", {proof.cpu_quota_us / CPU_PERIOD_US:.3f} of a core" if proof.cpu_quota_us else ""


def _describe(engine: DockerClient) -> str:
    with containers.translated("say its version"):
        found = engine.version()
    return f"Docker {found['Version']} on {found['Os']}/{found['Arch']}"


def _architecture(engine: DockerClient) -> Architecture:
    with containers.translated("say what it runs on"):
        return _ARCHITECTURES[engine.version()["Arch"]]
