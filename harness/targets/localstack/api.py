"""How the rig talks to a LocalStack: sessions for its account, and what it says of its own state."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from localstack_client.session import Session

from harness.aws import Aws

REGION: Final = "us-east-1"
# Any key opens LocalStack; in this form it stands for the account 000000000000.
_ROOT: Final = "test"
# localstack-client takes these before the host that it is given.
_OVERRIDING: Final = ("AWS_ENDPOINT_URL", "USE_SSL")

_SCRIPT: Final = "thumbrig.py"
_PATIENCE_SECONDS: Final = 5.0

_making = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class LocalStackAws(Aws):
    """The account inside a LocalStack, by sessions of localstack-client."""

    host: str

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401  it offers what boto3's does, and is none
        with _making, _without(*_OVERRIDING):
            return Session(
                aws_access_key_id=self.access_key_id,
                aws_secret_access_key=self.secret_access_key,
                aws_session_token=self.session_token,
                region_name=self.region,
                localstack_host=self.host,
            )


def localstack_aws(host: str) -> LocalStackAws:
    """See the account of the LocalStack at this host and port."""
    return LocalStackAws(
        region=REGION, host=host, endpoint_url=f"http://{host}", access_key_id=_ROOT, secret_access_key=_ROOT
    )


@dataclass(frozen=True, kw_only=True)
class Status:
    """What LocalStack says of itself: whether it is up, and how the rig's script in it ended."""

    ready: bool
    script: str | None

    @property
    def repaired(self) -> bool:
        """Whether the rig's changes are in it."""
        return self.script == "SUCCESSFUL"

    @property
    def script_description(self) -> str:
        """How the script stands, in words."""
        return "there is none" if self.script is None else f"which is in the state {self.script}"


def read_status(endpoint_url: str) -> Status:
    """Ask LocalStack; raises OSError or ValueError if nothing that is LocalStack answers."""
    with urllib.request.urlopen(  # noqa: S310  loopback, or what a person named
        f"{endpoint_url}/_localstack/init", timeout=_PATIENCE_SECONDS
    ) as response:
        return parse_status(response.read())


def read_version(endpoint_url: str) -> str:
    """Ask LocalStack for its version."""
    with urllib.request.urlopen(  # noqa: S310  as above
        f"{endpoint_url}/_localstack/health", timeout=_PATIENCE_SECONDS
    ) as response:
        return str(json.load(response)["version"])


def parse_status(answer: bytes) -> Status:
    """Understand the answer; raises ValueError if it is not LocalStack's."""
    try:
        document = json.loads(answer)
        states = {script["name"]: str(script["state"]) for script in document["scripts"]}
        return Status(ready=bool(document["completed"]["READY"]), script=states.get(_SCRIPT))
    except (KeyError, TypeError) as exc:
        raise ValueError(answer[:80].decode(errors="replace")) from exc


@contextlib.contextmanager
def _without(*names: str) -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
