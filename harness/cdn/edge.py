"""Starts a CloudFront edge in front of a deployment's bucket, for as long as a block lasts."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from harness import process
from harness.aws import Aws
from harness.cdn.server import ADDRESSES_FILE, CA_FILE, CONTROL, ERROR_FILE, EdgeAddresses, EdgeOptions
from harness.cdn.source import Source
from harness.errors import ThumbrigError
from harness.run_folder import run_folder
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from types_boto3_cloudfront import CloudFrontClient

    from harness.deployment import Deployment
    from harness.process import Process

_START_TIMEOUT_SECONDS: Final = 30.0
_LOG_TAIL_LINES: Final = 12


class EdgeFailedError(ThumbrigError):
    """Raised when the edge does not start, or does not answer the rig."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the edge failed: {reason}")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What an edge has done since its start; `error_answers` are those of status 400 and above."""

    viewer_requests: int = 0
    origin_requests: int = 0
    error_answers: int = 0
    invalidated_paths: int = 0
    hits: int = 0
    misses: int = 0
    refresh_hits: int = 0
    errors: int = 0
    redirects: int = 0

    def since(self, earlier: Counts) -> Counts:
        """Subtract earlier counts."""
        return Counts(
            **{field.name: getattr(self, field.name) - getattr(earlier, field.name) for field in fields(self)}
        )


_COUNTED_AS: Final = {
    "Hit": "hits",
    "Miss": "misses",
    "RefreshHit": "refresh_hits",
    "Error": "errors",
    "Redirect": "redirects",
}


class EdgeClock:
    """The clock of a running edge."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def advance(self, seconds: float) -> None:
        """Move the edge's time forward at once."""
        self._edge.ask("advance", str(seconds))


@dataclass(frozen=True, kw_only=True)
class Edge(EdgeAddresses):
    """A running edge: where viewers and the CloudFront API reach it.

    `ca_certificate` is what clients verify `url` by.
    """

    ca_certificate: Path
    process_id: int
    aws: Aws

    @cached_property
    def clock(self) -> EdgeClock:
        """The edge's clock, which can be advanced."""
        return EdgeClock(self)

    @property
    def cloudfront(self) -> CloudFrontClient:
        """A client of the CloudFront API whose invalidations reach this edge."""
        return self._api.client("cloudfront")

    def counts(self) -> Counts:
        """Return what the edge has done so far."""
        return Counts(**{_COUNTED_AS.get(name, name): number for name, number in self.ask("counts").items()})

    def ask(self, what: str, body: str | None = None) -> dict[str, Any]:
        """Ask the edge's process for something that is not in CloudFront's API."""
        address = f"{self.cloudfront_endpoint}{CONTROL}/{what}"
        data = None if body is None else body.encode()
        try:
            with urllib.request.urlopen(address, data, timeout=30) as answer:  # noqa: S310  loopback
                given: dict[str, Any] = json.load(answer)
                return given
        except OSError as exc:
            raise EdgeFailedError(f"expected an answer from {self.cloudfront_endpoint}, got: {exc}") from exc

    @cached_property
    def _api(self) -> Aws:
        return replace(self.aws, endpoint_url=self.cloudfront_endpoint)


@contextlib.contextmanager
def edge(deployment: Deployment, *, invalidation_seconds: float = 0.0) -> Iterator[Edge]:
    """Run an edge inside the block; at its end no process and no file of it is left.

    An invalidation takes effect at once, and is in progress for `invalidation_seconds` of the edge's clock.
    """
    # A plain Aws: a target's subclass talks to that target only, even with another endpoint.
    aws = Aws(**{one.name: getattr(deployment.aws, one.name) for one in fields(Aws)})
    options = EdgeOptions(aws=aws, source=Source.of(deployment), invalidation_seconds=invalidation_seconds)
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(Path(__file__).parents[2])}
    with run_folder() as folder:
        path, log = folder / "options.json", folder / "edge.log"
        # The options include credentials.
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(options)))
        command = [sys.executable, "-m", "harness.cdn.server", str(path)]
        with process.running(command, cwd=folder, env=environment, log=log, stop_seconds=1.0) as server:
            yield Edge(
                **asdict(_addresses(server, folder, log)),
                ca_certificate=folder / CA_FILE,
                process_id=server.pid,
                aws=aws,
            )


def _addresses(server: Process, folder: Path, log: Path) -> EdgeAddresses:
    """Wait until the edge serves; raise EdgeFailedError as soon as it has ended instead."""

    def look() -> EdgeAddresses | None:
        ended = server.poll()
        with contextlib.suppress(FileNotFoundError):
            return msgspec.json.decode((folder / ADDRESSES_FILE).read_bytes(), type=EdgeAddresses)
        if ended is None:
            return None
        with contextlib.suppress(FileNotFoundError):
            raise EdgeFailedError((folder / ERROR_FILE).read_text())
        raise EdgeFailedError(f"it ended with exit code {ended}\n{said()}")

    def said() -> str:
        lines = log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:]) or "nothing"

    try:
        return wait_for(
            look,
            lambda: f"expected the edge to serve, its log says: {said()}",
            timeout_seconds=_START_TIMEOUT_SECONDS,
            backoff=Backoff(most_seconds=0.05),
        )
    except TimedOutError as exc:
        raise EdgeFailedError(str(exc)) from exc
