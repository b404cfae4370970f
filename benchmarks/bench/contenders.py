"""The functions that are measured: they make the same thumbnails, and are deployed side by side.

Their environments are driven directly, without an emulator in between.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote_plus

from harness import guardian
from harness.deployment import Deployment
from harness.errors import ThumbrigError
from harness.package.build import Package, build
from harness.package.function import FunctionFolder
from harness.sandbox.environment import Environment
from harness.sandbox.function import DeployedFunction, read_function
from harness.sandbox.invocation import Invocation, InvocationStatus
from harness.sandbox.limits.base import Confinement, Cpu
from harness.sandbox.logs import LogSink, Silence
from harness.sandbox.runtimes import link_runtimes, runtime_folder
from harness.targets.embedded.target import EmbeddedTarget, embedded_target

PASSED = "success"
_PROJECT = Path(__file__).parents[2]


class UnknownContenderError(ThumbrigError):
    """Raised when no contender has the name that was given."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"contender {name!r}: expected one of {', '.join(CONTENDERS)}, or a function's folder"
        )


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A function folder, and the template's parameters that make a contender of it."""

    name: str
    folder: Path
    parameters: Mapping[str, str] = field(default_factory=dict)


CONTENDERS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec(name="pillow-first-try", folder=_PROJECT / "contenders" / "pillow-first-try"),
        *(
            Spec(name=engine, folder=_PROJECT / "resizer", parameters={"ResizerEngine": engine})
            for engine in ("pillow", "vips", "auto")
        ),
        Spec(name="sharp", folder=_PROJECT / "contenders" / "sharp"),
    )
}


def choose(names: Sequence[str]) -> list[Spec]:
    """Find contenders by name, all if none is named; a path to a function folder is one too."""
    chosen = []
    for name in names or CONTENDERS:
        if name not in CONTENDERS and not Path(name).is_dir():
            raise UnknownContenderError(name)
        chosen.append(CONTENDERS.get(name) or Spec(name=Path(name).resolve().name, folder=Path(name)))
    return chosen


@dataclass(frozen=True, kw_only=True)
class Original:
    """A picture in one contender's bucket; `event` is what S3 would send about it."""

    key: str
    event: bytes


@dataclass(frozen=True, kw_only=True)
class DeployedContender:
    """A contender with a stack of its own on the target; its environments live in `folder`."""

    name: str
    target: EmbeddedTarget
    deployment: Deployment
    function: DeployedFunction
    package: Package
    folder: Path

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

    def start(
        self,
        *,
        memory_mb: int | None = None,
        confinement: Confinement | None = None,
        log: LogSink | None = None,
    ) -> Environment:
        """Start an environment, which the caller stops; its log is dropped unless one is given."""
        return Environment(
            replace(self.function, memory_mb=memory_mb or self.function.memory_mb),
            folder=self.folder / "environments" / uuid.uuid4().hex,
            runtime_folder=runtime_folder(self.function.runtime, self.folder / "runtimes"),
            log=lambda _: log or Silence(),
            confinement=confinement or self.target.confinement,
        )

    @contextlib.contextmanager
    def environment(
        self, *, memory_mb: int | None = None, confinement: Confinement | None = None
    ) -> Iterator[Environment]:
        """Keep an environment while the block lasts, of another size if one is named."""
        environment = self.start(memory_mb=memory_mb, confinement=confinement)
        try:
            yield environment
        finally:
            environment.stop()


class WarmEnvironments:
    """One warm environment of each contender, replaced when it has ended."""

    def __init__(self, *, memory_mb: int | None = None) -> None:
        self._memory_mb = memory_mb
        self._environments: dict[str, Environment] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for environment in self._environments.values():
            environment.stop()

    def environment(self, contender: DeployedContender) -> Environment:
        """Return a contender's environment, a new one if the last one has been killed."""
        found = self._environments.get(contender.name)
        if found is None or not found.usable:
            if found:
                found.stop()
            found = self._environments[contender.name] = contender.start(memory_mb=self._memory_mb)
        return found


def invoke(environment: Environment, original: Original) -> Invocation:
    """Have an environment serve one picture."""
    return environment.invoke(original.event, request_id=str(uuid.uuid4()))


def outcome_of(invocation: Invocation) -> str:
    """Say in a few words how an invocation ended; "success" is a thumbnail."""
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
def deployed_contenders(
    specs: Sequence[Spec], *, memory_mb: int, cpu: Cpu, limiter: str | None, cache: Path
) -> Iterator[list[DeployedContender]]:
    """Start the embedded target and deploy the contenders to it; both are gone when the block ends."""
    functions = [FunctionFolder.load(spec.folder) for spec in specs]
    with contextlib.ExitStack() as stack:
        scratch = Path(tempfile.mkdtemp(prefix="thumbrig-bench-"))
        guardian.watch_folder(scratch)
        stack.callback(guardian.forget_folder, scratch)
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        link_runtimes(scratch / "runtimes")
        target = stack.enter_context(embedded_target(functions[0], cache=cache, cpu=cpu, limiter=limiter))

        def deploy(spec: Spec, function: FunctionFolder) -> DeployedContender:
            parameters = {"MemorySize": str(memory_mb), **spec.parameters}
            deployment = target.deploy(function=function, parameters=parameters)
            # Uploads must reach the benchmark's own environments only.
            deployment.aws.client("s3").put_bucket_notification_configuration(
                Bucket=deployment.bucket, NotificationConfiguration={}
            )
            return DeployedContender(
                name=spec.name,
                target=target,
                deployment=deployment,
                function=read_function(target.aws, deployment.function_name, folder=scratch / "packages"),
                package=build(function, target.confinement.limiter.platform(function.runtime), cache=cache),
                folder=scratch,
            )

        yield [deploy(spec, function) for spec, function in zip(specs, functions, strict=True)]
