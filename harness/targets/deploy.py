"""Template and package in, Deployment out, through CloudFormation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from harness.deployment import Capability, Deployment
from harness.errors import ThumbrigError
from harness.wait import Backoff, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.aws import Aws

TEMPLATE = Path(__file__).parents[2] / "infra" / "template.yaml"

_CREATED = "CREATE_COMPLETE"
_EXTENSIONS = {"webp": ".webp", "avif": ".avif", "jpeg": ".jpg"}
_STACK_TIMEOUT_SECONDS = 900.0


class DeployFailedError(ThumbrigError):
    """Raised when CloudFormation does not create the stack."""

    def __init__(self, stack: str, status: str, reasons: list[str]) -> None:
        super().__init__(
            f"stack {stack}: expected {_CREATED}, got {status}: {'; '.join(reasons) or 'no reason given'}"
        )


@dataclass(frozen=True, kw_only=True)
class Code:
    """Where a package is for CloudFormation."""

    bucket: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What is to be deployed: a package for a runtime, and parameters of the template."""

    name: str
    code: Code
    runtime: str
    handler: str
    architecture: str = "x86_64"
    parameters: Mapping[str, str] = field(default_factory=dict)


def upload_code(aws: Aws, package: Path, *, prefix: str) -> Code:
    """Upload a package into a bucket of its own, whose name begins so."""
    code = Code(bucket=f"{prefix}code-{_unique()}", key=package.name)
    aws.client("s3").create_bucket(Bucket=code.bucket)
    aws.client("s3").upload_file(str(package), code.bucket, code.key)
    return code


def deploy(aws: Aws, stack: Stack, *, capabilities: frozenset[Capability]) -> Deployment:
    """Create the stack, and read the pipeline's names from its outputs."""
    parameters = {
        "BucketName": f"{stack.name}-photos-{_unique()}",
        "CodeBucket": stack.code.bucket,
        "CodeKey": stack.code.key,
        "Runtime": stack.runtime,
        "Handler": stack.handler,
        "Architecture": stack.architecture,
        "WithCloudFront": str(Capability.CLOUDFRONT in capabilities).lower(),
        **stack.parameters,
    }
    _create(aws, stack.name, parameters)
    created = _StackCreated(aws, stack.name)
    outputs = wait_for(created, timeout_seconds=_STACK_TIMEOUT_SECONDS, backoff=Backoff(most_seconds=5))
    return _read_outputs(aws, stack.name, outputs, capabilities)


def _unique() -> str:
    # Bucket names are global on AWS.
    return uuid.uuid4().hex[:12]


def _create(aws: Aws, name: str, parameters: Mapping[str, str]) -> None:
    try:
        aws.client("cloudformation").create_stack(
            StackName=name,
            TemplateBody=TEMPLATE.read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
    except ClientError as exc:
        raise DeployFailedError(name, "a refusal", [exc.response["Error"]["Message"]]) from exc


def _read_outputs(
    aws: Aws, stack_name: str, outputs: Mapping[str, str], capabilities: frozenset[Capability]
) -> Deployment:
    return Deployment(
        aws=aws,
        bucket=outputs["BucketName"],
        source_prefix=outputs["SourcePrefix"],
        destination_prefix=outputs["DestinationPrefix"],
        sizes=_sizes(outputs["ThumbnailSizes"]),
        resized_prefix=outputs["ResizedPrefix"],
        thumbnail_extension=_EXTENSIONS[outputs["ThumbnailFormat"]],
        function_name=outputs["FunctionName"],
        role_arn=outputs["RoleArn"],
        log_group=outputs["LogGroupName"],
        failure_queue_url=outputs["FailureQueueUrl"],
        capabilities=capabilities,
        timeout_seconds=int(outputs["FunctionTimeout"]),
        distribution_domain=outputs.get("DistributionDomainName"),
        distribution_id=outputs.get("DistributionId"),
        stack_name=stack_name,
    )


def _sizes(text: str) -> dict[str, int]:
    """Read the stack's sizes as the function does: `thumbnail=150,medium=480`."""
    return {name: int(pixels) for name, _, pixels in (size.partition("=") for size in text.split(","))}


class _StackCreated:
    """The stack's outputs, once it is complete; raises DeployFailedError as soon as it has failed."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._cloudformation = aws.client("cloudformation")
        self._name = name
        self._status = "unknown"

    def check(self) -> dict[str, str] | None:
        """Look at the stack's status."""
        stack = self._cloudformation.describe_stacks(StackName=self._name)["Stacks"][0]
        self._status = stack["StackStatus"]
        if self._status == _CREATED:
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if "FAILED" in self._status or "ROLLBACK" in self._status:
            raise DeployFailedError(self._name, self._status, self._reasons())
        return None

    def describe(self) -> str:
        """Say where the stack stands."""
        return f"stack {self._name}: expected {_CREATED}, it is {self._status}"

    def _reasons(self) -> list[str]:
        try:
            events = self._cloudformation.describe_stack_events(StackName=self._name)["StackEvents"]
        except ClientError as exc:
            return [str(exc)]
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in events
            if "FAILED" in event.get("ResourceStatus", "")
        ]
