"""A deployed function, as the Lambda API describes it: what runs is what was deployed."""

from __future__ import annotations

import io
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.aws import Aws, Credentials
from harness.errors import ThumbrigError

# For functions of the rig's own, whatever the function under test is written in.
OWN_RUNTIME: Final = "python3.13"


class UnreadablePackageError(ThumbrigError):
    """Raised when the code that the Lambda API gives out is no zip archive."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"function {name}: expected its code as a zip archive, got something else; deploy it again"
        )


@dataclass(frozen=True, kw_only=True)
class DeployedFunction:
    """What an execution environment needs to know; the package is unpacked in `task_root`."""

    name: str
    arn: str
    region: str
    runtime: str
    handler: str
    memory_mb: int
    timeout_seconds: int
    variables: Mapping[str, str]
    log_group: str
    task_root: Path
    endpoint_url: str
    credentials: Credentials


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


def bare_function(name: str, task_root: Path, *, runtime: str, memory_mb: int) -> DeployedFunction:
    """Describe a function of the rig's own, `index.handle`, which no Lambda API knows."""
    return DeployedFunction(
        name=name,
        arn=f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        region="us-east-1",
        runtime=runtime,
        handler="index.handle",
        memory_mb=memory_mb,
        timeout_seconds=30,
        variables={},
        log_group=f"/aws/lambda/{name}",
        task_root=task_root,
        endpoint_url="",
        credentials=Credentials(access_key_id="", secret_access_key="", session_token=""),
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
