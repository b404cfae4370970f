"""The edge's own process: `python -m harness.cdn.server SETTINGS`, started by `harness.cdn.edge`.

It listens on free ports of loopback (HTTPS and HTTP for viewers, HTTP for the API), tells them in a file once
it serves, and ends at SIGTERM.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import ssl
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from harness.aws import Aws
from harness.cdn.api import ControlPlane
from harness.cdn.cache import Cache
from harness.cdn.certificate import make_certificate
from harness.cdn.clock import Clock
from harness.cdn.delivery import Deliverer
from harness.cdn.distribution import read_distribution
from harness.cdn.ledger import Ledger
from harness.cdn.listener import Listener
from harness.cdn.origin import BucketClient
from harness.cdn.source import Source, read_source
from harness.cdn.viewer import Viewers
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

READY_FILE = "ready.json"
ERROR_FILE = "error.txt"
CONTROL = "/_edge"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the rig tells the edge's process."""

    folder: str
    aws: dict[str, Any]
    source: dict[str, Any]
    https_port: int
    http_port: int
    memory_bytes: int
    invalidation_seconds: float
    head_seconds: float

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read them from a file."""
        return cls(**json.loads(path.read_text()))


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What the edge's process tells the rig once it serves."""

    https_port: int
    http_port: int
    api_port: int
    authority: str
    distribution_id: str
    domain: str
    process_id: int


class _Edge:
    """The parts of a running edge, and what the rig may do with them beside the API."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._aws = Aws(**settings.aws)
        self._source = Source(**settings.source)
        reading = read_source(self._aws, self._source)
        self.clock = Clock()
        self.ledger = Ledger(progress_seconds=settings.invalidation_seconds)
        self.bucket = BucketClient(self._aws, distribution_policy=reading.bucket_policy)
        self.deliverer = Deliverer(
            read_distribution(reading.described),
            self.bucket,
            Cache(limit_bytes=settings.memory_bytes),
            self.clock,
        )
        self.control_plane = ControlPlane(
            self.deliverer,
            self.ledger,
            upstream=self._aws.endpoint_url if self._source.has_control_plane else None,
            changed=self.reload,
        )

    async def reload(self) -> None:
        """Read the distribution's configuration again."""
        reading = await asyncio.to_thread(read_source, self._aws, self._source)
        self.deliverer.distribution = read_distribution(reading.described)

    async def api(self, request: web.BaseRequest) -> web.Response:
        """Answer the CloudFront API, and the rig."""
        controls: dict[tuple[str, str], Callable[[web.BaseRequest], Awaitable[Any]]] = {
            ("GET", f"{CONTROL}/state"): self._state,
            ("POST", f"{CONTROL}/advance"): self._advance,
            ("POST", f"{CONTROL}/reload"): self._reload,
        }
        control = controls.get((request.method, request.path))
        if control is None:
            return await self.control_plane.answer(request)
        try:
            return web.json_response(await control(request))
        except ThumbrigError as exc:
            return web.json_response({"error": str(exc)}, status=400)

    async def _state(self, _request: web.BaseRequest) -> dict[str, Any]:
        return {
            "now": self.clock.now(),
            "counts": dict(self.deliverer.counts),
            "entries": len(self.deliverer.cache),
            "cache_bytes": self.deliverer.cache.size_bytes,
            "months": [{**asdict(month), "usd": month.usd} for month in self.ledger.months()],
        }

    async def _advance(self, request: web.BaseRequest) -> dict[str, Any]:
        self.clock.advance(float(await request.text()))
        return {"now": self.clock.now()}

    async def _reload(self, _request: web.BaseRequest) -> dict[str, Any]:
        await self.reload()
        return {}


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM."""
    edge = _Edge(settings)
    folder = Path(settings.folder)
    distribution = edge.deliverer.distribution
    files = make_certificate(folder, [distribution.domain, *distribution.aliases])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files.certificate, files.key)

    secure = Viewers(edge.deliverer, edge.clock, https_port=None)
    https_port = await _listen(secure.answer, settings, port=settings.https_port, tls=tls)
    plain = Viewers(edge.deliverer, edge.clock, https_port=https_port)
    ready = Ready(
        https_port=https_port,
        http_port=await _listen(plain.answer, settings, port=settings.http_port),
        api_port=await _listen(edge.api, settings, port=0),
        authority=str(files.authority),
        distribution_id=distribution.id,
        domain=distribution.domain,
        process_id=os.getpid(),
    )
    _write_at_once(folder / READY_FILE, json.dumps(asdict(ready)))
    # What is there by now stays: the collector need not walk it while viewers wait.
    gc.collect()
    gc.freeze()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
    await edge.bucket.close()


async def _listen(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    settings: Settings,
    *,
    port: int,
    tls: ssl.SSLContext | None = None,
) -> int:
    listener = Listener(handler, head_seconds=settings.head_seconds)
    loop = asyncio.get_running_loop()
    # A rush of viewers connects all at once.
    server = await loop.create_server(listener, "127.0.0.1", port, ssl=tls, backlog=1024)
    bound: int = server.sockets[0].getsockname()[1]
    return bound


def _write_at_once(path: Path, text: str) -> None:
    # Whoever polls for the file must not find half of it.
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text)
    unfinished.rename(path)


def main() -> None:
    """Run the edge; what keeps it from starting is left in a file for the rig to tell."""
    settings = Settings.load(Path(sys.argv[1]))
    try:
        asyncio.run(serve(settings))
    except (ThumbrigError, OSError) as exc:
        _write_at_once(Path(settings.folder) / ERROR_FILE, str(exc))
        raise SystemExit(1) from exc


if __name__ == "__main__":
    main()
