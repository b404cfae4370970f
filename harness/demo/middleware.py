"""Which requests the page's server takes, and what every answer carries.

It takes those of its own page, and files of a sensible size. It listens on loopback only; but a page of the
internet, open in the same browser, reaches loopback too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from harness.demo.state import NoSuchPhotoError
from harness.errors import ThumbrigError

MOST_UPLOAD_BYTES: Final = 50_000_000
# Nothing is loaded from elsewhere, and an original that is opened by itself runs no script.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_READING: Final = frozenset({"GET", "HEAD"})
_NAMES: Final = ("127.0.0.1", "localhost")


class RefusedRequestError(ThumbrigError):
    """Raised when a request is not taken; `status` is HTTP's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class UnknownHostError(RefusedRequestError):
    """Raised when a request names another host: somebody's DNS may lead a name of theirs to loopback."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(421, f"Host: expected 127.0.0.1:{port} or localhost:{port}, got {host!r}")


class ForeignPageError(RefusedRequestError):
    """Raised when another page would change something here."""

    def __init__(self, origin: str | None) -> None:
        came = "none" if origin is None else repr(origin)
        super().__init__(
            403, f"Origin: expected this page's own, got {came}; use the page that the demo printed"
        )


class TooLargeError(RefusedRequestError):
    """Raised when a file is larger than the demo takes."""

    def __init__(self, size_bytes: int | None) -> None:
        came = "more" if size_bytes is None else f"{size_bytes:,}"
        super().__init__(
            413,
            f"expected a photo of at most {MOST_UPLOAD_BYTES:,} bytes, got {came}; S3 would take 5 GB in one "
            "PUT, but the function holds the whole file in its memory: choose a smaller one",
        )


def require_own_page(method: str, headers: Mapping[str, str], *, port: int) -> None:
    """Let a request pass, or raise UnknownHostError or ForeignPageError."""
    host = headers.get("Host", "")
    if host not in {f"{name}:{port}" for name in _NAMES}:
        raise UnknownHostError(host, port)
    # Browsers send Origin with whatever changes something; what is only read they show to no other page.
    origin = headers.get("Origin")
    if method not in _READING and origin != f"http://{host}":
        raise ForeignPageError(origin)


def require_size(size_bytes: int | None) -> None:
    """Raise TooLargeError for a size that is not taken; None if it is not known yet."""
    if size_bytes is not None and size_bytes > MOST_UPLOAD_BYTES:
        raise TooLargeError(size_bytes)


@web.middleware
async def middleware(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Let the page's own requests pass, and turn every error into an answer with one line of text."""
    try:
        require_own_page(request.method, request.headers, port=_port(request))
        response = await handler(request)
    except RefusedRequestError as exc:
        response = _error(exc.status, str(exc))
    except NoSuchPhotoError as exc:
        response = _error(404, str(exc))
    except ThumbrigError as exc:
        response = _error(409, str(exc))
    except (BotoCoreError, ClientError, HTTPError) as exc:
        response = _error(502, f"the pipeline does not answer as it should: {exc}")
    except web.HTTPException as exc:
        response = _error(exc.status, f"{request.method} {request.path}: {exc.reason}")
    if not response.prepared:
        response.headers.update(HEADERS)
    return response


def _port(request: web.Request) -> int:
    # The port that was connected to, not the one that the request claims.
    if request.transport is None:
        return 0
    port: int = request.transport.get_extra_info("sockname")[1]
    return port


def _error(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
