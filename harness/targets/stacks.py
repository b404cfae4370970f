"""The stacks of a run: template and package in, Deployment out, through CloudFormation."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from harness.aws import Aws
from harness.deployment import Deployment
from harness.errors import ThumbrigError
from harness.package.build import Package, build
from harness.package.function import FunctionFolder
from harness.package.platforms import Platform
from harness.package.probe import require_sound
from harness.wait import Backoff, wait_for

TEMPLATE: Final = Path(__file__).parents[2] / "infra" / "template.yaml"

_CREATED: Final = "CREATE_COMPLETE"
_EXTENSIONS: Final = {"webp": ".webp", "avif": ".avif", "jpeg": ".jpg"}
_STACK_TIMEOUT_SECONDS: Final = 900.0


class DeployFailedError(ThumbrigError):
    """Raised when CloudFormation does not create the stack."""

    def __init__(self, stack: str, status: str, reasons: list[str]) -> None:
        super().__init__(
            f"stack {stack}: expected {_CREATED}, got {status}: {'; '.join(reasons) or 'no reason given'}"
        )


class Packages:
    """Packages of functions, each built and checked once; `platform_of` returns what a target runs one on."""

    def __init__(self, platform_of: Callable[[FunctionFolder], Platform], *, cache: Path) -> None:
        self._platform_of = platform_of
        self._cache = cache
        self._lock = threading.Lock()
        self._built: dict[FunctionFolder, tuple[Package, Platform]] = {}

    def build(self, function: FunctionFolder) -> tuple[Package, Platform]:
        """Build a package, check that it will load, and return it with the platform that it is for."""
        with self._lock:
            if function not in self._built:
                platform = self._platform_of(function)
                package = build(function, platform, cache=self._cache)
                require_sound(package.path, platform, function.handler)
                self._built[function] = package, platform
            return self._built[function]


_Wanted = tuple["FunctionFolder", frozenset[tuple[str, str]]]


def _wanted(function: FunctionFolder, parameters: Mapping[str, str] | None) -> _Wanted:
    return function, frozenset((parameters or {}).items())


@dataclass(kw_only=True, eq=False)
class Stacks:
    """The stacks of a run in one account; the names of all begin with the prefix.

    `proving` is the proof that functions are held to their limits: no stack is handed out before it.
    """

    aws: Aws
    packages: Packages
    function_under_test: FunctionFolder
    prefix: str
    proving: Future[Any]
    with_cloudfront: bool
    log_precision_ms: float = 1.0
    of_function_under_test: list[Deployment] = field(default_factory=list)
    deploy_seconds: list[float] = field(default_factory=list)
    _code: dict[FunctionFolder, dict[str, str]] = field(default_factory=dict)
    _ahead: dict[_Wanted, list[Future[Deployment]]] = field(default_factory=dict)
    _worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def deploy(
        self, *, function: FunctionFolder | None = None, parameters: Mapping[str, str] | None = None
    ) -> Deployment:
        """Deploy a function, the one under test if none is named, in a stack of its own."""
        wanted = _wanted(function or self.function_under_test, parameters)
        ahead = self._ahead.get(wanted)
        deployment = ahead.pop(0).result() if ahead else self._deploy(*wanted)
        if function is None:
            self.of_function_under_test.append(deployment)
        # Nothing is to run, let alone be measured, under a limit that does not limit.
        self.proving.result()
        return deployment

    def deploy_ahead(
        self, *, function: FunctionFolder | None = None, parameters: Mapping[str, str] | None = None
    ) -> None:
        """Begin to deploy in the background what `deploy` will be asked for."""
        wanted = _wanted(function or self.function_under_test, parameters)
        self._ahead.setdefault(wanted, []).append(self._worker.submit(self._deploy, *wanted))

    def close(self) -> None:
        """Deploy no more in the background."""
        self._worker.shutdown(cancel_futures=True)

    def _deploy(self, function: FunctionFolder, parameters: frozenset[tuple[str, str]]) -> Deployment:
        started = time.monotonic()
        package, platform = self.packages.build(function)
        with self._lock:
            if function not in self._code:
                self._code[function] = self._upload(package)
        name = f"{self.prefix}{next(self._numbers)}"
        outputs = create_stack(
            self.aws,
            name,
            {
                "BucketName": f"{name}-photos-{_unique()}",
                **self._code[function],
                # What the package is built for: this machine's Python or Node.js, or Lambda's own.
                "Runtime": platform.runtime,
                "Handler": function.handler,
                "Architecture": platform.architecture,
                "WithCloudFront": str(self.with_cloudfront).lower(),
                **dict(parameters),
            },
        )
        self.deploy_seconds.append(time.monotonic() - started)
        sizes = (size.partition("=") for size in outputs["ThumbnailSizes"].split(","))
        return Deployment(
            aws=self.aws,
            bucket=outputs["BucketName"],
            source_prefix=outputs["SourcePrefix"],
            destination_prefix=outputs["DestinationPrefix"],
            # The stack writes them as the function reads them: `thumbnail=150,medium=480`.
            sizes={name: int(pixels) for name, _, pixels in sizes},
            resized_prefix=outputs["ResizedPrefix"],
            thumbnail_extension=_EXTENSIONS[outputs["ThumbnailFormat"]],
            function_name=outputs["FunctionName"],
            role_arn=outputs["RoleArn"],
            log_group=outputs["LogGroupName"],
            failure_queue_url=outputs["FailureQueueUrl"],
            timeout_seconds=int(outputs["FunctionTimeout"]),
            log_precision_ms=self.log_precision_ms,
            distribution_domain=outputs.get("DistributionDomainName"),
            distribution_id=outputs.get("DistributionId"),
            stack_name=name,
        )

    def _upload(self, package: Package) -> dict[str, str]:
        """Upload a package into a bucket of its own; returns the template's parameters that name it."""
        code = {"CodeBucket": f"{self.prefix}code-{_unique()}", "CodeKey": package.path.name}
        self.aws.client("s3").create_bucket(Bucket=code["CodeBucket"])
        self.aws.client("s3").upload_file(str(package.path), code["CodeBucket"], code["CodeKey"])
        return code


def create_stack(aws: Aws, name: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Create a stack of the template and return its outputs; raises DeployFailedError."""
    cloudformation = aws.client("cloudformation")
    try:
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=TEMPLATE.read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
    except ClientError as exc:
        raise DeployFailedError(name, "a refusal", [exc.response["Error"]["Message"]]) from exc
    status = "unknown"

    def outputs() -> dict[str, str] | None:
        nonlocal status
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        status = stack["StackStatus"]
        if status == _CREATED:
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if "FAILED" in status or "ROLLBACK" in status:
            raise DeployFailedError(name, status, _reasons(aws, name))
        return None

    return wait_for(
        outputs,
        lambda: f"stack {name}: expected {_CREATED}, it is {status}",
        timeout_seconds=_STACK_TIMEOUT_SECONDS,
        backoff=Backoff(most_seconds=0.5),
    )


def _reasons(aws: Aws, name: str) -> list[str]:
    try:
        events = aws.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    except ClientError as exc:
        return [str(exc)]
    return [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in events
        if "FAILED" in event.get("ResourceStatus", "")
    ]


def _unique() -> str:
    # Bucket names are global on AWS.
    return uuid.uuid4().hex[:12]
