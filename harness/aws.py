"""Where AWS's API is, and whose credentials ask it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudfront import CloudFrontClient
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient
    from types_boto3_sts import STSClient

# Emulators serve every bucket on one host name; a burst of uploads wants its connections at once.
_CONFIG = Config(s3={"addressing_style": "path"}, max_pool_connections=64, retries={"mode": "standard"})

# Descriptions of the services and their endpoints, read once: each session would take 0.1 s for its own.
_descriptions = botocore.loaders.create_loader()

_making = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The temporary credentials of a function's role."""

    access_key_id: str
    secret_access_key: str
    session_token: str

    def as_environment(self) -> dict[str, str]:
        """Return them as the variables in which Lambda hands them to a function."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


@dataclass(frozen=True, kw_only=True)
class Aws:
    """An account as seen by one set of credentials; without an endpoint it is AWS itself."""

    region: str
    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None

    def with_credentials(self, credentials: Credentials) -> Aws:
        """Return the same account as seen with other credentials."""
        return replace(
            self,
            access_key_id=credentials.access_key_id,
            secret_access_key=credentials.secret_access_key,
            session_token=credentials.session_token,
        )

    @overload
    def client(self, service: Literal["cloudformation"]) -> CloudFormationClient: ...
    @overload
    def client(self, service: Literal["cloudfront"]) -> CloudFrontClient: ...
    @overload
    def client(self, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, service: Literal["lambda"]) -> LambdaClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["sqs"]) -> SQSClient: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...

    def client(self, service: Any) -> Any:
        """Return the service's client, the same one each time; several threads may use it."""
        # Clients may be shared between threads, making them may not.
        with _making:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service, endpoint_url=self.endpoint_url, config=_CONFIG
                )
            return self._clients[service]

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    @cached_property
    def _session(self) -> boto3.Session:
        core = botocore.session.get_session()
        core.register_component("data_loader", _descriptions)
        return boto3.Session(
            botocore_session=core,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            aws_session_token=self.session_token,
        )
