"""Fetches objects from the bucket, signed, and only those that its policy allows the distribution."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from harness.aws import Aws
from harness.cdn.distribution import Distribution, Origin
from harness.cdn.rules.message import Response
from harness.cdn.rules.urls import request_path
from harness.policy import Access, allows

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorS3Origin.html
_CONNECT_SECONDS: Final = 10.0
_ATTEMPTS: Final = 3
_ANSWER_SECONDS: Final = 30.0
# Headers of the connection to the bucket, and those that are not for viewers.
_DROPPED: Final = frozenset(
    {
        *("connection", "content-length", "keep-alive", "proxy-authenticate", "set-cookie", "trailer"),
        *("transfer-encoding", "upgrade"),
    }
)
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404


class BucketClient:
    """Requests to buckets of one endpoint."""

    def __init__(self, aws: Aws) -> None:
        if not (aws.endpoint_url and aws.access_key_id and aws.secret_access_key):
            raise ValueError(aws)
        self._endpoint = aws.endpoint_url.rstrip("/")
        self._signer = S3SigV4Auth(
            Credentials(aws.access_key_id, aws.secret_access_key, aws.session_token), "s3", aws.region
        )
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=64),
            timeout=aiohttp.ClientTimeout(sock_connect=_CONNECT_SECONDS, sock_read=_ANSWER_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def fetch(
        self,
        distribution: Distribution,
        origin: Origin,
        key: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Fetch an object; a failure becomes the 5xx that CloudFront would answer, never an exception."""
        key = origin.path.removeprefix("/") + "/" + key if origin.path else key
        url = f"{self._endpoint}/{origin.bucket}/{request_path(key)}"
        try:
            answer, policy = await asyncio.gather(
                self._request(method, url, headers or {}, signed=origin.signed),
                self._policy(distribution, origin),
            )
        except (TimeoutError, aiohttp.ServerTimeoutError):
            return Response(status=504, headers={})
        except (aiohttp.ClientError, ValueError):
            return Response(status=502, headers={})
        return _as_the_policy_has_it(answer, policy, distribution, origin, key) if origin.signed else answer

    async def _policy(self, distribution: Distribution, origin: Origin) -> Mapping[str, Any] | None:
        if distribution.bucket_policy is not None or not origin.signed:
            return distribution.bucket_policy
        # Read each time, so that a change of the policy has an effect at once.
        answer = await self._request("GET", f"{self._endpoint}/{origin.bucket}?policy", {}, signed=True)
        if answer.status in {_FORBIDDEN, _NOT_FOUND}:
            return None
        # Anything but JSON counts as a failure of the origin, not as a refusal.
        policy: Mapping[str, Any] = json.loads(answer.body)
        return policy

    async def _request(self, method: str, url: str, headers: Mapping[str, str], *, signed: bool) -> Response:
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(aiohttp.ClientConnectionError):
                return await self._request_once(method, url, headers, signed=signed)
        return await self._request_once(method, url, headers, signed=signed)

    async def _request_once(
        self, method: str, url: str, headers: Mapping[str, str], *, signed: bool
    ) -> Response:
        request = AWSRequest(method=method, url=url, headers=dict(headers))
        if signed:
            self._signer.add_auth(request)
        # The path is sent as signed: aiohttp must not resolve or decode it.
        async with self._session.request(
            method, URL(url, encoded=True), headers=dict(request.headers.items()), allow_redirects=False
        ) as answer:
            return Response(
                status=answer.status,
                headers={
                    name.lower(): value
                    for name, value in answer.headers.items()
                    if name.lower() not in _DROPPED
                },
                body=await answer.read(),
            )


def _as_the_policy_has_it(
    answer: Response, policy: Mapping[str, Any] | None, distribution: Distribution, origin: Origin, key: str
) -> Response:
    account = distribution.arn.split(":")[4]
    bucket_arn = f"arn:aws:s3:::{origin.bucket}"

    def may(action: str, resource: str) -> bool:
        access = Access(
            service="cloudfront.amazonaws.com",
            action=action,
            resource=resource,
            source_arn=distribution.arn,
            source_account=account,
        )
        return allows(policy, access)

    if not may("s3:GetObject", f"{bucket_arn}/{key}"):
        return access_denied()
    if answer.status == _NOT_FOUND and not may("s3:ListBucket", bucket_arn):
        # S3 answers 403 instead of 404 without the permission to list the bucket.
        return access_denied()
    return Response(status=answer.status, headers={**answer.headers, "server": "AmazonS3"}, body=answer.body)


def access_denied() -> Response:
    """Make S3's answer to a forbidden request."""
    body = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    )
    return Response(
        status=_FORBIDDEN, headers={"content-type": "application/xml", "server": "AmazonS3"}, body=body
    )
