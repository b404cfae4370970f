"""A viewer of an edge: asks for exactly the path that it is given, and verifies the edge's certificate."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.cdn.edge import Edge


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the edge answered; the headers' names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def x_cache(self) -> str:
        """How the edge came by it: "Hit", "Miss", "RefreshHit", "Error" or "Redirect"."""
        result, _, by = self.headers["x-cache"].partition(" ")
        assert by == "from cloudfront"
        return result


class Viewer:
    """Requests to one edge, each on a connection of its own."""

    def __init__(self, edge: Edge) -> None:
        self._https = urlsplit(edge.url).netloc
        self._http = urlsplit(edge.http_url).netloc
        self._tls = ssl.create_default_context(cafile=edge.ca_certificate)

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a path; underscores in the headers' names are hyphens."""
        return self.request("GET", path, headers=headers)

    def get_key(self, key: str, **headers: str) -> Answer:
        """Ask for an object of the bucket."""
        return self.get(f"/{quote(key)}", **headers)

    def request(
        self, method: str, path: str, *, secure: bool = True, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask by any method, by HTTPS or not."""
        connection = (
            http.client.HTTPSConnection(self._https, context=self._tls, timeout=20)
            if secure
            else http.client.HTTPConnection(self._http, timeout=20)
        )
        try:
            named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            return Answer(
                status=answer.status,
                headers={name.lower(): value for name, value in answer.getheaders()},
                body=answer.read(),
            )
        finally:
            connection.close()
