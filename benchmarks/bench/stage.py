"""Contenders on one stage: deployed side by side, their environments driven without an emulator between."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import tempfile
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote_plus

from harness import guardian
from harness.package.build import build
from harness.package.function import FunctionFolder
from harness.sandbox.environment import Environment
from harness.sandbox.function import read_function
from harness.sandbox.invocation import Invocation, InvocationStatus
from harness.sandbox.logs import Silence
from harness.sandbox.runtimes import link_runtimes, runtime_folder
from harness.targets.embedded.target import embedded_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.bench.contenders import Spec
    from harness.deployment import Deployment
    from harness.package.build import Package
    from harness.sandbox.function import DeployedFunction
    from harness.sandbox.limits.base import Confinement, Cpu
    from harness.sandbox.logs import LogSink
    from harness.targets.embedded.target import EmbeddedTarget

PASSED = "success"


@dataclass(frozen=True, kw_only=True)
class Original:
    """A picture in one contender's bucket; `event` is what S3 would send about it."""

    key: str
    event: bytes


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A contender that is deployed."""

    name: str
    deployment: Deployment
    function: DeployedFunction
    package: Package

    def put(self, name: str, data: bytes) -> Original:
        """Put a picture into the contender's bucket, where nothing but the benchmark looks for it."""
        key = f"{self.deployment.source_prefix}{uuid.uuid4()}-{name}"
        self.deployment.aws.client("s3").put_object(Bucket=self.deployment.bucket, Key=key, Body=data)
        record = {
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": self.deployment.bucket},
                "object": {"key": quote_plus(key, safe="/"), "size": len(data)},
            },
        }
        return Original(key=key, event=json.dumps({"Records": [record]}).encode())

    def thumbnail(self, original: Original) -> bytes:
        """Read what the contender made of a picture."""
        key = self.deployment.pipeline.thumbnail_key(original.key)
        answer = self.deployment.aws.client("s3").get_object(Bucket=self.deployment.bucket, Key=key)
        return answer["Body"].read()


class Stage:
    """Starts environments, each in a cage of its own."""

    def __init__(self, target: EmbeddedTarget, entrants: Sequence[Entrant], folder: Path) -> None:
        self.target = target
        self.entrants = entrants
        self._folder = folder
        self._runtimes = folder / "runtimes"
        self._numbers = itertools.count(1)
        link_runtimes(self._runtimes)

    @contextlib.contextmanager
    def environment(
        self, entrant: Entrant, *, memory_mb: int | None = None, confinement: Confinement | None = None
    ) -> Iterator[Environment]:
        """Keep an environment for a contender inside the block, of another size if one is named."""
        environment = self.start(entrant, memory_mb=memory_mb, confinement=confinement)
        try:
            yield environment
        finally:
            environment.stop()

    def start(
        self,
        entrant: Entrant,
        *,
        memory_mb: int | None = None,
        confinement: Confinement | None = None,
        log: LogSink | None = None,
    ) -> Environment:
        """Start an environment, which the caller stops; nobody reads its log unless one is given."""
        function = entrant.function
        return Environment(
            replace(function, memory_mb=memory_mb or function.memory_mb),
            folder=self._folder / "environments" / str(next(self._numbers)),
            runtime_folder=runtime_folder(function.runtime, self._runtimes),
            log=lambda _: log or Silence(),
            confinement=confinement or self.target.confinement,
        )


class Company:
    """One warm environment of each contender, replaced when it has ended."""

    def __init__(self, stage: Stage, *, memory_mb: int | None = None) -> None:
        self._stage = stage
        self._memory_mb = memory_mb
        self._environments: dict[str, Environment] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for environment in self._environments.values():
            environment.stop()

    def environment(self, entrant: Entrant) -> Environment:
        """Give a contender's environment, a new one if the last one has been killed."""
        found = self._environments.get(entrant.name)
        if found is None or not found.usable:
            if found:
                found.stop()
            found = self._environments[entrant.name] = self._stage.start(entrant, memory_mb=self._memory_mb)
        return found


def invoke(environment: Environment, original: Original) -> Invocation:
    """Have an environment serve one picture."""
    return environment.invoke(original.event, request_id=str(uuid.uuid4()))


def outcome_of(invocation: Invocation) -> str:
    """Say in a few words what came of an invocation; "success" is a thumbnail."""
    if invocation.oom_killed:
        return "out of memory"
    if invocation.status is InvocationStatus.TIMED_OUT:
        return "timed out"
    answer: Any = json.loads(invocation.payload)
    if invocation.status is not InvocationStatus.SUCCESS:
        return f"error: {answer.get('errorType', 'unknown')}"
    # Somebody else's function may answer anything, or nothing.
    match answer:
        case {"body": str(body)}:
            return _refusal(body) or PASSED
    return PASSED


def _refusal(body: str) -> str | None:
    try:
        match json.loads(body):
            case {"error": {"type": str(kind)}}:
                return f"refused: {kind}"
    except ValueError:
        pass
    return None


@contextlib.contextmanager
def open_stage(
    specs: Sequence[Spec], *, memory_mb: int, cpu: Cpu, limiter: str | None, cache: Path
) -> Iterator[Stage]:
    """Start the embedded target and deploy the contenders to it; at the end nothing is left of either."""
    folders = [FunctionFolder.load(spec.folder) for spec in specs]
    with contextlib.ExitStack() as stack:
        scratch = Path(tempfile.mkdtemp(prefix="thumbrig-bench-"))
        guardian.watch_folder(scratch)
        stack.callback(guardian.forget_folder, scratch)
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        target = stack.enter_context(embedded_target(folders[0], cache=cache, cpu=cpu, limiter=limiter))
        entrants = [
            _enter(target, spec, folder, memory_mb=memory_mb, cache=cache, scratch=scratch)
            for spec, folder in zip(specs, folders, strict=True)
        ]
        yield Stage(target, entrants, scratch)


def _enter(  # noqa: PLR0913  what there is to know of one contender
    target: EmbeddedTarget, spec: Spec, folder: FunctionFolder, *, memory_mb: int, cache: Path, scratch: Path
) -> Entrant:
    deployment = target.deploy(function=folder, parameters={"MemorySize": str(memory_mb), **spec.parameters})
    # Uploads must reach the benchmark's own environments only.
    deployment.aws.client("s3").put_bucket_notification_configuration(
        Bucket=deployment.bucket, NotificationConfiguration={}
    )
    return Entrant(
        name=spec.name,
        deployment=deployment,
        function=read_function(target.aws, deployment.function_name, folder=scratch / "packages"),
        package=build(folder, target.confinement.limiter.platform(folder.runtime), cache=cache),
    )
