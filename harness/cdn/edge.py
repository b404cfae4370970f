"""Starts a CloudFront edge in front of a deployment's bucket, for as long as a block lasts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness import guardian, process
from harness.aws import Aws
from harness.cdn.ledger import Month
from harness.cdn.server import CONTROL, ERROR_FILE, READY_FILE, Ready, Settings
from harness.cdn.source import Source
from harness.errors import ThumbrigError
from harness.wait import Backoff, TimedOutError, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_cloudfront import CloudFrontClient

    from harness.aws import Credentials
    from harness.deployment import Deployment
    from harness.process import Process

_START_TIMEOUT_SECONDS: Final = 30.0
_LOG_TAIL_LINES: Final = 12


class EdgeFailedError(ThumbrigError):
    """Raised when the edge does not start, or does not do what the rig tells it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the edge failed: {reason}")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What an edge has done since its start; `error_answers` are those of status 400 and above."""

    viewer_requests: int = 0
    origin_requests: int = 0
    error_answers: int = 0
    hits: int = 0
    misses: int = 0
    refresh_hits: int = 0
    errors: int = 0
    redirects: int = 0

    def since(self, earlier: Counts) -> Counts:
        """Give what came after an earlier look."""
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

    def now(self) -> float:
        """Give the edge's time in seconds since the epoch."""
        return float(self._edge.ask("GET", "state")["now"])

    def advance(self, seconds: float) -> None:
        """Let time pass at the edge, at once."""
        self._edge.ask("POST", "advance", str(seconds))


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A running edge: where viewers and the CloudFront API reach it.

    `ca_certificate` is what clients verify `url` by.
    """

    url: str
    http_url: str
    cloudfront_endpoint: str
    ca_certificate: Path
    distribution_id: str
    domain: str
    process_id: int
    aws: Aws

    @cached_property
    def clock(self) -> EdgeClock:
        """The edge's clock, which can be moved on."""
        return EdgeClock(self)

    @property
    def cloudfront(self) -> CloudFrontClient:
        """A client of the CloudFront API whose invalidations reach this edge."""
        return self._api.client("cloudfront")

    def for_credentials(self, credentials: Credentials) -> Aws:
        """Give the API of this edge as somebody else sees it."""
        return self._api.with_credentials(credentials)

    def counts(self) -> Counts:
        """Tell what the edge has done so far."""
        found = self.ask("GET", "state")["counts"]
        return Counts(**{_COUNTED_AS.get(name, name): number for name, number in found.items()})

    def ledger(self) -> list[Month]:
        """Tell the paths invalidated in each month (by the edge's clock), and what they would cost."""
        found = self.ask("GET", "state")["months"]
        return [Month(month=one["month"], paths=one["paths"]) for one in found]

    def reload(self) -> None:
        """Have the distribution's configuration read again, after a change past this edge's own API."""
        self.ask("POST", "reload")

    def ask(self, method: str, what: str, body: str = "") -> dict[str, Any]:
        """Tell the edge's process to do something beside the API."""
        request = urllib.request.Request(  # noqa: S310  loopback
            f"{self.cloudfront_endpoint}{CONTROL}/{what}",
            data=body.encode() if method == "POST" else None,
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  as above
                given: dict[str, Any] = json.load(answer)
                return given
        except urllib.error.HTTPError as exc:
            with exc:
                raise EdgeFailedError(json.load(exc)["error"]) from exc
        except OSError as exc:
            raise EdgeFailedError(f"expected an answer from {self.cloudfront_endpoint}, got: {exc}") from exc

    @cached_property
    def _api(self) -> Aws:
        return replace(self.aws, endpoint_url=self.cloudfront_endpoint)


@contextlib.contextmanager
def edge(  # noqa: PLR0913  each is an option
    deployment: Deployment,
    *,
    https_port: int = 0,
    http_port: int = 0,
    memory_bytes: int = 64 * 2**20,
    invalidation_seconds: float = 0.0,
    head_seconds: float = 10.0,
) -> Iterator[Edge]:
    """Run an edge inside the block; at its end no process and no file of it is left.

    A port of 0 is a free one. An invalidation takes effect at once, and is in progress for
    `invalidation_seconds` of the edge's clock. A viewer has `head_seconds` to send a request's head.
    """
    # A target's own kind of account talks to that target only, whatever its endpoint is changed to.
    aws = Aws(**{one.name: getattr(deployment.aws, one.name) for one in fields(Aws)})
    folder = Path(tempfile.mkdtemp(prefix="thumbrig-edge-"))
    guardian.watch_folder(folder)
    try:
        settings = Settings(
            folder=str(folder),
            aws=asdict(aws),
            source=asdict(
                Source(
                    bucket=deployment.bucket,
                    distribution_id=deployment.distribution_id,
                    stack_name=deployment.stack_name,
                )
            ),
            https_port=https_port,
            http_port=http_port,
            memory_bytes=memory_bytes,
            invalidation_seconds=invalidation_seconds,
            head_seconds=head_seconds,
        )
        with _running(folder, settings) as ready:
            yield Edge(
                url=f"https://127.0.0.1:{ready.https_port}",
                http_url=f"http://127.0.0.1:{ready.http_port}",
                cloudfront_endpoint=f"http://127.0.0.1:{ready.api_port}",
                ca_certificate=Path(ready.authority),
                distribution_id=ready.distribution_id,
                domain=ready.domain,
                process_id=ready.process_id,
                aws=aws,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        guardian.forget_folder(folder)


@contextlib.contextmanager
def _running(folder: Path, settings: Settings) -> Iterator[Ready]:
    path, log = folder / "settings.json", folder / "edge.log"
    # It has the credentials in it.
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(settings)))
    command = [sys.executable, "-m", "harness.cdn.server", str(path)]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    with process.running(command, cwd=folder, env=environment, log=log, stop_seconds=1.0) as server:
        condition = _Serving(server, folder)
        try:
            ready = wait_for(
                condition, timeout_seconds=_START_TIMEOUT_SECONDS, backoff=Backoff(most_seconds=0.05)
            )
        except TimedOutError as exc:
            raise EdgeFailedError(str(exc)) from exc
        yield ready


class _Serving:
    """What the edge says once it serves; raises EdgeFailedError as soon as it has ended instead."""

    def __init__(self, server: Process, folder: Path) -> None:
        self._server = server
        self._folder = folder

    def check(self) -> Ready | None:
        """Look for the file that tells."""
        ended = self._server.poll()
        with contextlib.suppress(FileNotFoundError):
            return Ready(**json.loads((self._folder / READY_FILE).read_text()))
        if ended is not None:
            raise EdgeFailedError(self._reason(ended))
        return None

    def describe(self) -> str:
        """Say what has been written so far."""
        return f"expected the edge to serve, its log says: {self._log()}"

    def _reason(self, code: int) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self._folder / ERROR_FILE).read_text()
        return f"it ended with exit code {code}\n{self._log()}"

    def _log(self) -> str:
        lines = (self._folder / "edge.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:]) or "nothing"
