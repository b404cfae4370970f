"""What every request of the page's server passes, and every answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from harness.demo.board import NoSuchPhotoError
from harness.demo.guard import RefusedRequestError, require_own_page
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Nothing is loaded from elsewhere, and an original that is opened by itself runs no script.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@web.middleware
async def border(
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
