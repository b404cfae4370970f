"""The viewers' side of the edge: checks requests, and answers them from the cache."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

from harness.cdn import answers
from harness.cdn.rules import urls
from harness.cdn.rules.conditions import not_modified, not_modified_headers, range_applies
from harness.cdn.rules.message import Response
from harness.cdn.rules.ranges import parse_range, partial
from harness.cdn.rules.urls import BadUrlError, normalize_path, object_key, split_target
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from aiohttp import web

    from harness.cdn.delivery import Deliverer

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
MOST_REQUEST_BYTES: Final = 20_480
_LOCAL_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})
_OK: Final = 200
_NOT_MODIFIED: Final = 304


class ViewerRefusedError(ThumbrigError):
    """Raised when the edge refuses a viewer's request without asking the bucket."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class ViewerRequests:
    """Answers the requests that reach one port, by HTTPS or not."""

    def __init__(self, deliverer: Deliverer, *, https_port: int | None) -> None:
        self._deliverer = deliverer
        # None on the port that is HTTPS itself.
        self._https_port = https_port
        self._edge_headers = answers.EdgeHeaders()

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        counts = self._deliverer.counts
        counts["viewer_requests"] += 1
        try:
            response = await self._answer(request)
        except (ViewerRefusedError, BadUrlError) as exc:
            edge_headers = self._edge_headers.make("Error")
            now = self._deliverer.clock.now()
            response = answers.refusal(exc.status, html.escape(str(exc)), edge_headers, now=now)
        counts[response.headers["x-cache"].partition(" ")[0]] += 1
        if response.status >= 400:  # noqa: PLR2004  RFC 9110, section 15
            counts["error_answers"] += 1
        return response

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        host = self._known_host(request)
        target = request.raw_path
        _require_size(request, host, target)
        path = normalize_path(split_target(target)[0])
        object_key(path)
        behavior = self._deliverer.distribution.behavior(path)
        if self._https_port is not None and behavior.viewer_protocol != "allow-all":
            return self._to_https(request, behavior.viewer_protocol, host)
        if request.method not in behavior.allowed_methods:
            raise ViewerRefusedError(
                403,
                "This distribution is not configured to allow the HTTP request method that was used for this "
                "request. The distribution supports only cachable requests.",
            )
        if request.can_read_body:
            raise ViewerRefusedError(403, "Bad request: a body is not expected with this method.")
        if request.method not in behavior.cached_methods:
            return await self._passed_on(request.method, path)
        return await self._from_cache(request, path)

    async def _from_cache(self, request: web.BaseRequest, path: str) -> web.Response:
        # HTTP/1.0 clients get no compressed answers.
        accepted = request.headers.get("accept-encoding") if request.version >= (1, 1) else None
        delivery = await self._deliverer.deliver(path, accepted)
        edge_headers = self._edge_headers.make(delivery.x_cache, age=delivery.age_seconds)
        return answers.to_web(_conditioned(request, delivery.entry.response), edge_headers)

    async def _passed_on(self, method: str, path: str) -> web.Response:
        response = await self._deliverer.forward(method, path)
        return answers.to_web(response, self._edge_headers.make("Error" if response.is_error else "Miss"))

    def _known_host(self, request: web.BaseRequest) -> str:
        host = request.headers.get("host", "")
        name = host.partition(":")[0].lower()
        distribution = self._deliverer.distribution
        if name not in _LOCAL_HOSTS and name != distribution.domain and name not in distribution.aliases:
            raise ViewerRefusedError(
                403, f"Bad request: no distribution here has the host name {host or 'that is missing'!r}."
            )
        return name

    def _to_https(self, request: web.BaseRequest, policy: str, host: str) -> web.Response:
        # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-viewers-to-cloudfront.html
        if policy == "https-only":
            raise ViewerRefusedError(403, "Bad request: this distribution is served by HTTPS only.")
        cacheable = request.method in {"GET", "HEAD"}
        if not cacheable and request.version < (1, 1):
            raise ViewerRefusedError(403, "Bad request: this method needs HTTPS or HTTP/1.1.")
        path, query = split_target(request.raw_path)
        location = f"https://{host}:{self._https_port}{path}" + (f"?{query}" if query else "")
        edge_headers = self._edge_headers.make("Redirect")
        return answers.redirect(
            301 if cacheable else 307, location, edge_headers, now=self._deliverer.clock.now()
        )


def _conditioned(request: web.BaseRequest, whole: Response) -> Response:
    if whole.status != _OK:
        return whole
    asked = request.headers  # its names are case-insensitive
    if not_modified(asked, whole.headers):
        return Response(status=_NOT_MODIFIED, headers=not_modified_headers(whole.headers))
    wanted = asked.get("range")
    if wanted is None or not range_applies(asked.get("if-range"), whole.headers):
        return whole
    spans = parse_range(wanted, len(whole.body))
    return whole if spans is None else partial(whole, spans)


def _require_size(request: web.BaseRequest, host: str, target: str) -> None:
    if len(host) + len(target) > urls.MOST_URL_BYTES:
        raise ViewerRefusedError(413, f"Bad request: the URL is longer than {urls.MOST_URL_BYTES:,} bytes.")
    headers = sum(len(name) + len(value) + 4 for name, value in request.raw_headers)
    if len(target) + headers > MOST_REQUEST_BYTES:
        raise ViewerRefusedError(
            413, f"Bad request: URL and headers are longer than {MOST_REQUEST_BYTES:,} bytes."
        )
