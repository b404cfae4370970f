"""Removes a run's stacks from a LocalStack that goes on: what they hold, and what ran for them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from harness import containers
from harness.localstack.labels import FUNCTION

if TYPE_CHECKING:
    from docker import DockerClient

    from harness.aws import Aws

_log = logging.getLogger(__name__)


def remove_stacks(aws: Aws, engine: DockerClient, prefix: str) -> None:
    """Remove all whose names begin so: functions' containers, stacks, buckets with their objects."""
    # In this order: LocalStack gives each of a removed function's containers five seconds to end.
    with containers.translated("remove the functions' containers"):
        for container in engine.api.containers(all=True, filters={"label": FUNCTION}):
            if container["Labels"][FUNCTION].startswith(prefix):
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
    # The template keeps its bucket: people's photos must not go with a mistaken removal.
    for bucket in s3.list_buckets()["Buckets"]:
        if bucket["Name"].startswith(prefix):
            _empty(aws, bucket["Name"])
            s3.delete_bucket(Bucket=bucket["Name"])


def _empty(aws: Aws, bucket: str) -> None:
    s3 = aws.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if found := page.get("Contents"):
            s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": entry["Key"]} for entry in found]})
