"""Reads a deployed function back from the Lambda API: what runs is what was deployed."""

from __future__ import annotations

import io
import urllib.request
import zipfile
from typing import TYPE_CHECKING

from harness.aws import Credentials
from harness.errors import ThumbrigError
from harness.sandbox.function import DeployedFunction

if TYPE_CHECKING:
    from pathlib import Path

    from harness.aws import Aws


class UnreadablePackageError(ThumbrigError):
    """Raised when the code that the Lambda API gives out is no zip archive."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"function {name}: expected its code as a zip archive, got something else; deploy it anew"
        )


def read_function(aws: Aws, name: str, *, folder: Path) -> DeployedFunction:
    """Describe a function and unpack its package below `folder`, once for each package."""
    answer = aws.client("lambda").get_function(FunctionName=name)
    configuration = answer["Configuration"]
    task_root = folder / configuration["CodeSha256"].replace("/", "_")
    return DeployedFunction(
        name=name,
        arn=configuration["FunctionArn"],
        region=aws.region,
        runtime=configuration["Runtime"],
        handler=configuration["Handler"],
        memory_mb=configuration["MemorySize"],
        timeout_seconds=configuration["Timeout"],
        variables=configuration.get("Environment", {}).get("Variables", {}),
        log_group=configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}"),
        task_root=_unpack(name, answer["Code"]["Location"], task_root),
        endpoint_url=aws.endpoint_url or "",
        credentials=assume_role(aws, configuration["Role"], session_name=name),
    )


def assume_role(aws: Aws, role_arn: str, *, session_name: str) -> Credentials:
    """Get the temporary credentials that Lambda would give a function of this role."""
    given = aws.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name)["Credentials"]
    return Credentials(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
    )


def _unpack(name: str, url: str, task_root: Path) -> Path:
    if not task_root.exists():
        with urllib.request.urlopen(url) as response:  # noqa: S310  the URL is the emulator's own answer
            archive = response.read()
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as package:
                package.extractall(task_root)
        except zipfile.BadZipFile as exc:
            raise UnreadablePackageError(name) from exc
    return task_root
