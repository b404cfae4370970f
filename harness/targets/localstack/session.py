"""LocalStack's API as the rig sees any account's."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from localstack_client.session import Session

from harness.aws import Aws

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION: Final = "us-east-1"
# Any key opens LocalStack; in this form it stands for the account 000000000000.
_ROOT: Final = "test"
# localstack-client takes these before the host that it is given.
_OVERRIDING: Final = ("AWS_ENDPOINT_URL", "USE_SSL")

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
        region=REGION,
        host=host,
        endpoint_url=f"http://{host}",
        access_key_id=_ROOT,
        secret_access_key=_ROOT,
    )


@contextlib.contextmanager
def _without(*names: str) -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
