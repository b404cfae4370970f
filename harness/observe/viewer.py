"""A viewer of an edge, without a cache of its own: what it is answered, and when."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, urlsplit

import urllib3

from harness.cdn.edge import Edge

_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer, its headers' names in lower case; the times are on the clock of `time.monotonic`."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    asked_seconds: float
    answered_seconds: float

    @property
    def cache(self) -> str:
        """How the CDN says that it came by the answer, such as "Hit from cloudfront"."""
        return self.headers.get("x-cache", "")

    @property
    def x_cache(self) -> str:
        """The first word of it: "Hit", "Miss", "RefreshHit", "Error" or "Redirect"."""
        return self.cache.partition(" ")[0]


class Viewer:
    """Asks one edge; keeps its connections, follows no redirect, and trusts the edge's certificate alone."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._connections = urllib3.PoolManager(ca_certs=str(edge.ca_certificate))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connections.clear()

    def get(self, address: str, **headers: str) -> Answer:
        """Ask for a URL or a path of the edge; underscores in the headers' names are hyphens."""
        return self.request("GET", address, headers=headers)

    def get_key(self, key: str, **headers: str) -> Answer:
        """Ask for an object of the bucket."""
        return self.get(f"/{quote(key)}", **headers)

    def request(
        self, method: str, address: str, *, secure: bool = True, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask by any method; a path is asked for by HTTPS or not."""
        base, path = self._edge.url if secure else self._edge.http_url, address
        if not address.startswith("/"):
            parts = urlsplit(address)
            base = f"{parts.scheme}://{parts.netloc}"
            path = address.removeprefix(base) or "/"
        asked = time.monotonic()
        # By the pool of one host: the path goes as it is given, dots and all.
        answer = self._connections.connection_from_url(base).urlopen(
            method,
            path,
            headers={name.replace("_", "-"): value for name, value in (headers or {}).items()},
            redirect=False,
            retries=False,
            timeout=_TIMEOUT_SECONDS,
            decode_content=False,
        )
        return Answer(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=answer.data,
            asked_seconds=asked,
            answered_seconds=time.monotonic(),
        )
