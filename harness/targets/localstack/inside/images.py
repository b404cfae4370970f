"""Lets LocalStack start functions without a network, once their runtimes' images are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localstack.services.lambda_.invocation import docker_runtime_executor as executors

from harness.targets.localstack.inside.seams import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

# What LocalStack calls Docker's platforms, and Docker calls its images' processors.
_PROCESSORS = {"linux/amd64": "amd64", "linux/arm64": "arm64"}


def pull_only_what_is_missing() -> None:
    """Skip the pull of an image that the engine has, for the platform that is wanted."""
    wrap(executors, "_ensure_runtime_image_present", ["image", "platform"], _ensure)


def _ensure(original: Callable[..., Any], image: str, platform: str) -> Any:
    if _processor(image) != _PROCESSORS.get(str(platform), "any"):
        return original(image, platform)
    return None


def _processor(image: str) -> str | None:
    try:
        return str(executors.CONTAINER_CLIENT.inspect_image(image, pull=False)["Architecture"])
    except executors.NoSuchImage:
        return None
