"""The edge's own process: `python -m harness.cdn.server OPTIONS`, started by `harness.cdn.edge`.

It listens on free ports of loopback (HTTPS and HTTP for viewers, HTTP for the API), writes its addresses to a
file once it serves, and ends at SIGTERM.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import msgspec
import trustme
from aiohttp import web

from harness.aws import Aws
from harness.cdn.api import ControlPlane
from harness.cdn.cache import Cache
from harness.cdn.delivery import Deliverer
from harness.cdn.distribution import read_distribution
from harness.cdn.ledger import Clock, Ledger
from harness.cdn.origin import BucketClient
from harness.cdn.source import Source, read_source
from harness.cdn.viewer import ViewerRequests
from harness.errors import ThumbrigError
from harness.files import replace_file

ADDRESSES_FILE: Final = "addresses.json"
ERROR_FILE: Final = "error.txt"
CA_FILE: Final = "ca.pem"
CONTROL: Final = "/_edge"
_CACHE_BYTES: Final = 64 * 2**20
_IDLE_SECONDS: Final = 60.0
# Above the edge's own limits, so that a large request gets CloudFront's error page.
_MOST_LINE_BYTES: Final = 64 * 1024
_MOST_HEADERS: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class EdgeOptions:
    """What the edge's process is started with."""

    aws: Aws
    source: Source
    invalidation_seconds: float


@dataclass(frozen=True, kw_only=True)
class EdgeAddresses:
    """Where a running edge is reached, and which distribution it serves."""

    url: str
    http_url: str
    cloudfront_endpoint: str
    distribution_id: str
    domain: str


class _Api:
    """Answers the CloudFront API, and the rig's own requests under `/_edge`."""

    def __init__(self, deliverer: Deliverer, options: EdgeOptions) -> None:
        self._deliverer = deliverer
        self._options = options
        self._ledger = Ledger(progress_seconds=options.invalidation_seconds)
        self._control_plane = ControlPlane(
            deliverer,
            self._ledger,
            upstream=options.aws.endpoint_url if options.source.has_control_plane else None,
            changed=self._reload,
        )

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        if request.path == f"{CONTROL}/counts":
            counts = {**self._deliverer.counts, "invalidated_paths": self._ledger.accepted_paths}
            return web.json_response(counts)
        if request.path == f"{CONTROL}/advance":
            self._deliverer.clock.advance(float(await request.text()))
            return web.json_response({})
        return await self._control_plane.answer(request)

    async def _reload(self) -> None:
        described = await asyncio.to_thread(read_source, self._options.aws, self._options.source)
        self._deliverer.distribution = read_distribution(described)


async def serve(options: EdgeOptions, folder: Path) -> None:
    """Serve until SIGTERM; what clients need is written to `folder`."""
    distribution = read_distribution(read_source(options.aws, options.source))
    bucket = BucketClient(options.aws)
    deliverer = Deliverer(distribution, bucket, Cache(limit_bytes=_CACHE_BYTES), Clock())
    tls = _certified(folder, [distribution.domain, *distribution.aliases])

    https_port = await _listen(ViewerRequests(deliverer, https_port=None).answer, tls=tls)
    http_port = await _listen(ViewerRequests(deliverer, https_port=https_port).answer)
    api_port = await _listen(_Api(deliverer, options).answer)
    addresses = EdgeAddresses(
        url=f"https://127.0.0.1:{https_port}",
        http_url=f"http://127.0.0.1:{http_port}",
        cloudfront_endpoint=f"http://127.0.0.1:{api_port}",
        distribution_id=distribution.id,
        domain=distribution.domain,
    )
    replace_file(folder / ADDRESSES_FILE, json.dumps(asdict(addresses)))
    # All objects so far stay: the collector need not visit them while viewers wait.
    gc.collect()
    gc.freeze()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
    await bucket.close()


def _certified(folder: Path, names: Iterable[str]) -> ssl.SSLContext:
    """Make a certificate for loopback and these host names, and write its authority's for the clients."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / CA_FILE)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", *names).configure_cert(tls)
    return tls


async def _listen(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], *, tls: ssl.SSLContext | None = None
) -> int:
    protocol = web.Server(
        handler,
        access_log=None,
        keepalive_timeout=_IDLE_SECONDS,
        lingering_time=1.0,
        max_line_size=_MOST_LINE_BYTES,
        max_field_size=_MOST_LINE_BYTES,
        max_headers=_MOST_HEADERS,
    )
    # Many viewers may connect at the same moment.
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls, backlog=1024)
    port: int = server.sockets[0].getsockname()[1]
    return port


def main() -> None:
    """Run the edge; if it cannot start, write the reason to a file that the rig reports."""
    path = Path(sys.argv[1])
    try:
        asyncio.run(serve(msgspec.json.decode(path.read_bytes(), type=EdgeOptions), path.parent))
    except (ThumbrigError, OSError) as exc:
        replace_file(path.with_name(ERROR_FILE), str(exc))
        raise SystemExit(1) from exc


if __name__ == "__main__":
    main()
