"""One person's browser, without a cache of its own: what it is answered, and when."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import urllib3

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer; the times are on the clock of `time.monotonic`."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    asked_seconds: float
    answered_seconds: float

    @property
    def cache(self) -> str:
        """What the CDN says of where the answer came from."""
        return self.headers.get("x-cache", "")


class Browser:
    """Keeps its connections, follows no redirect, and trusts one authority."""

    def __init__(self, ca_certificate: Path) -> None:
        self._connections = urllib3.PoolManager(ca_certs=str(ca_certificate))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connections.clear()

    def get(self, url: str) -> Answer:
        """Ask for an address once."""
        asked = time.monotonic()
        # Not decoded anew: an address is sent as the application gave it.
        answer = self._connections.request(
            "GET", url, redirect=False, retries=False, timeout=_TIMEOUT_SECONDS
        )
        return Answer(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=answer.data,
            asked_seconds=asked,
            answered_seconds=time.monotonic(),
        )
