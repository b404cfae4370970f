"""Removes the stacks of runs from a LocalStack that goes on, with what they hold and what ran for them."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from harness.containers import engine as containers
from harness.targets.localstack.inside import FUNCTION_LABEL

if TYPE_CHECKING:
    from docker import DockerClient
    from types_boto3_s3.type_defs import TagTypeDef

    from harness.aws import Aws
    from harness.containers.engine import EngineRun

_log = logging.getLogger(__name__)

# An empty bucket whose tags name the run's owner.
_MARK: Final = "owner"
_MARKS: Final = re.compile(rf"(?P<prefix>thumbrig-[0-9a-f]+-){_MARK}")


@contextlib.contextmanager
def guest(aws: Aws, engine: DockerClient, run: EngineRun) -> Iterator[None]:
    """Use a LocalStack inside the block; at its end what the run has there is removed.

    At its beginning, what killed runs have left there is removed.
    """
    prefix = prefix_of(run)
    _remove_left_overs(aws, engine)
    try:
        _mark(aws, f"{prefix}{_MARK}", run)
        yield
    finally:
        _remove(aws, engine, prefix)


def prefix_of(run: EngineRun) -> str:
    """Return what the names of everything begin with that a run has in a LocalStack."""
    return f"thumbrig-{run.id}-"


def _mark(aws: Aws, bucket: str, run: EngineRun) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    tags: list[TagTypeDef] = [{"Key": key, "Value": value} for key, value in run.labels.items()]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})


def _remove_left_overs(aws: Aws, engine: DockerClient) -> None:
    s3 = aws.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        if found := _MARKS.fullmatch(bucket["Name"]):
            # One that is being made at this moment has no tags yet, and an owner.
            with contextlib.suppress(s3.exceptions.ClientError):
                tags = s3.get_bucket_tagging(Bucket=bucket["Name"])["TagSet"]
                if containers.left_over({tag["Key"]: tag["Value"] for tag in tags}):
                    _remove(aws, engine, found["prefix"])


def _remove(aws: Aws, engine: DockerClient, prefix: str) -> None:
    """Remove everything whose name begins so: functions' containers, stacks, buckets with their objects."""
    # LocalStack removes them with their functions, but not before it answers.
    with containers.translated("remove the functions' containers"):
        for container in engine.api.containers(all=True, filters={"label": FUNCTION_LABEL}):
            if container["Labels"][FUNCTION_LABEL].startswith(prefix):
                containers.remove_container(engine, container["Id"])
    try:
        _remove_from(aws, prefix)
    except (BotoCoreError, ClientError) as exc:
        # A LocalStack that is gone took them along.
        _log.warning("stacks %s* could not be removed from %s: %s", prefix, aws.endpoint_url, exc)


def _remove_from(aws: Aws, prefix: str) -> None:
    cloudformation, s3 = aws.client("cloudformation"), aws.client("s3")
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackName"].startswith(prefix):
                cloudformation.delete_stack(StackName=stack["StackName"])
    # In no stack: the function that proves the limits.
    functions = aws.client("lambda")
    for listed in functions.get_paginator("list_functions").paginate():
        for function in listed["Functions"]:
            if function["FunctionName"].startswith(f"{prefix}canary"):
                functions.delete_function(FunctionName=function["FunctionName"])
    # The template keeps its bucket: people's photos must not go with a mistaken removal.
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    # The mark last: as long as something is left, it is found.
    for bucket in sorted(buckets, key=lambda name: name.endswith(_MARK)):
        if bucket.startswith(prefix):
            _empty(aws, bucket)
            s3.delete_bucket(Bucket=bucket)


def _empty(aws: Aws, bucket: str) -> None:
    s3 = aws.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if found := page.get("Contents"):
            s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": entry["Key"]} for entry in found]})
