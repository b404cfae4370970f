"""What can keep LocalStack from running, each an error of one line."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import ThumbrigError


class ComposeMissingError(ThumbrigError):
    """Raised when there is neither the plugin `docker compose` nor the older `docker-compose`."""

    def __init__(self) -> None:
        super().__init__(
            "no Docker Compose: expected `docker compose version` or `docker-compose version` to answer, "
            "neither does; install the compose plugin (https://docs.docker.com/compose/install/)"
        )


class ComposeFailedError(ThumbrigError):
    """Raised when compose cannot start LocalStack for an unknown reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Docker Compose did not start LocalStack: {reason}")


class ImageNotPulledError(ThumbrigError):
    """Raised when LocalStack's image is neither on the engine nor can be pulled."""

    def __init__(self, image: str, reason: str) -> None:
        super().__init__(
            f"image {image} is not on this engine and cannot be pulled: {reason}; check the name in "
            "LOCALSTACK_IMAGE and the network, or `docker pull` it beforehand"
        )


class TokenRequiredError(ThumbrigError):
    """Raised when LocalStack ends because it wants an auth token."""

    def __init__(self, image: str, *, given: bool) -> None:
        found = "the one given is not accepted" if given else "none was given"
        super().__init__(
            f"{image} wants an auth token, {found}: set LOCALSTACK_AUTH_TOKEN, or take "
            "localstack/localstack:4.14.0, the last version that needs none"
        )


class LocalStackFailedError(ThumbrigError):
    """Raised when LocalStack ends, or does not become ready, while it starts; shows the tail of its log."""

    def __init__(self, reason: str, tail: Sequence[str]) -> None:
        super().__init__("\n".join([f"LocalStack did not start: {reason}", *tail]))


class RepairsMissingError(ThumbrigError):
    """Raised when a LocalStack runs without the rig's required changes; shows the tail of its log."""

    def __init__(self, endpoint_url: str, found: str, tail: Sequence[str] = ()) -> None:
        text = (
            f"the LocalStack at {endpoint_url} is not prepared: expected the rig's start-up script in it, "
            f"{found}; start it from this folder, by `docker compose up --detach --wait`"
        )
        super().__init__("\n".join([text, *tail]))


class LimitsNotHeldError(ThumbrigError):
    """Raised when LocalStack's functions are not held to their memory or CPU."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"LocalStack's functions are not held to their limits: expected {expected}, got {found}"
        )


class EndpointError(ThumbrigError):
    """Raised when there is no LocalStack at the address that a person gave."""

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(
            f"no LocalStack at {endpoint}: {reason}; expected one on this machine, as "
            "`docker compose up --detach --wait` starts it"
        )
