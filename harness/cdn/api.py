"""The part of the CloudFront API that an edge answers itself: invalidations.

Paths and forms are those of 2020-05-31, as SDKs speak them. Everything else goes to the target's own control
plane, if it has one.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from xml.etree.ElementTree import Element, tostring

import aiohttp
from aiohttp import web
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from harness.cdn.answers import request_id
from harness.cdn.delivery import Deliverer
from harness.cdn.ledger import InvalidationRecord, Ledger, RefusedError

_NAMESPACE: Final = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
_COLLECTION: Final = re.compile(r"/2020-05-31/distribution/([^/]+)/invalidation/?")
_ONE: Final = re.compile(r"/2020-05-31/distribution/([^/]+)/invalidation/([^/]+)")
_MOST_ITEMS: Final = 100
# Headers of one connection alone. The host is not among them: it is signed.
_HOP: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


class ControlPlane:
    """Answers boto3's `cloudfront` client."""

    def __init__(
        self,
        deliverer: Deliverer,
        ledger: Ledger,
        *,
        upstream: str | None,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._deliverer = deliverer
        self._ledger = ledger
        self._upstream = upstream
        self._changed = changed

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer one request; a refusal has CloudFront's form."""
        try:
            return await self._answer(request)
        except RefusedError as exc:
            return _error(exc)

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if "authorization" not in request.headers:
            raise RefusedError(403, "MissingAuthenticationToken", "Missing Authentication Token")
        path = request.path
        if match := _COLLECTION.fullmatch(path):
            self._require_distribution(match[1])
            if request.method == "POST":
                return await self._create(request, await request.read())
            if request.method == "GET":
                return self._list(request)
        if (match := _ONE.fullmatch(path)) and request.method == "GET":
            self._require_distribution(match[1])
            return _xml(200, self._described(self._ledger.find(match[2])))
        answer = await self._pass_on(request, await request.read())
        if request.method != "GET" and answer.status < HTTPStatus.BAD_REQUEST:
            await self._changed()
        return answer

    async def _create(self, request: web.BaseRequest, body: bytes) -> web.Response:
        paths, reference = _read_batch(body)
        record, is_new = self._ledger.accept(paths, reference, now=self._deliverer.clock.now())
        if is_new:
            if self._upstream:
                # The target checks the caller's permissions, and keeps its own list.
                answer = await self._pass_on(request, body)
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    self._ledger.forget(record)
                    return answer
            for path in paths:
                self._deliverer.cache.invalidate(path)
        distribution_id = self._deliverer.distribution.id
        location = f"/2020-05-31/distribution/{distribution_id}/invalidation/{record.id}"
        return _xml(201, self._described(record, status="InProgress"), location=location)

    def _list(self, request: web.BaseRequest) -> web.Response:
        most = request.query.get("MaxItems", str(_MOST_ITEMS))
        if not (most.isascii() and most.isdigit()) or not 0 < int(most) <= _MOST_ITEMS:
            raise RefusedError(400, "InvalidArgument", f"MaxItems must be between 1 and {_MOST_ITEMS}.")
        listed = self._ledger.newest_first()
        marker = request.query.get("Marker", "")
        if marker:
            ids = [record.id for record in listed]
            if marker not in ids:
                raise RefusedError(400, "InvalidArgument", "The marker names no invalidation.")
            listed = listed[ids.index(marker) + 1 :]
        page = listed[: int(most)]
        is_truncated = len(listed) > len(page)
        answer = [
            _element("Marker", marker),
            *([_element("NextMarker", page[-1].id)] if is_truncated else []),
            _element("MaxItems", most),
            _element("IsTruncated", str(is_truncated).lower()),
            _element("Quantity", str(len(page))),
            _element("Items", [_element("InvalidationSummary", self._summary(record)) for record in page]),
        ]
        return _xml(200, _element("InvalidationList", answer))

    async def _pass_on(self, request: web.BaseRequest, body: bytes) -> web.Response:
        if self._upstream is None:
            raise RefusedError(
                501, "NotImplemented", "This target has no CloudFront; its edge does invalidations only."
            )
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        url = self._upstream.rstrip("/") + request.raw_path
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(request.method, url, headers=headers, data=body) as answer,
        ):
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    def _require_distribution(self, distribution_id: str) -> None:
        if distribution_id != self._deliverer.distribution.id:
            raise RefusedError(404, "NoSuchDistribution", "The specified distribution does not exist.")

    def _summary(self, record: InvalidationRecord, status: str | None = None) -> list[Element]:
        created = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return [
            _element("Id", record.id),
            _element("Status", status or self._ledger.status(record, now=self._deliverer.clock.now())),
            _element("CreateTime", created.replace("+00:00", "Z")),
        ]

    def _described(self, record: InvalidationRecord, status: str | None = None) -> Element:
        paths = [
            _element("Quantity", str(len(record.paths))),
            _element("Items", [_element("Path", path) for path in record.paths]),
        ]
        batch = [_element("Paths", paths), _element("CallerReference", record.caller_reference)]
        described = [*self._summary(record, status), _element("InvalidationBatch", batch)]
        return _element("Invalidation", described)


def _read_batch(body: bytes) -> tuple[list[str], str]:
    if not body.strip():
        raise RefusedError(400, "MissingBody", "This operation requires a body. Ensure that it is present.")
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError) as exc:
        raise RefusedError(400, "MalformedXML", "The XML document is malformed.") from exc
    find = {"": _NAMESPACE} if root.tag.startswith("{") else None
    items = [path.text or "" for path in root.findall("Paths/Items/Path", find)]
    quantity = root.findtext("Paths/Quantity", "", find)
    if not (quantity.isascii() and quantity.isdigit()):
        raise RefusedError(400, "MalformedXML", "Paths has no Quantity.")
    if int(quantity) != len(items):
        raise RefusedError(
            400, "InconsistentQuantities", "The value of Quantity and the size of Items don't match."
        )
    return items, root.findtext("CallerReference", "", find)


def _error(exc: RefusedError) -> web.Response:
    error = [_element("Type", "Sender"), _element("Code", exc.code), _element("Message", str(exc))]
    answer = [_element("Error", error), _element("RequestId", request_id())]
    return _xml(exc.status, _element("ErrorResponse", answer))


def _element(name: str, content: str | Iterable[Element]) -> Element:
    element = Element(name)
    if isinstance(content, str):
        element.text = content
    else:
        element.extend(content)
    return element


def _xml(status: int, root: Element, *, location: str | None = None) -> web.Response:
    root.set("xmlns", _NAMESPACE)
    headers = {"Content-Type": "text/xml"} | ({"Location": location} if location else {})
    body = b'<?xml version="1.0"?>\n' + tostring(root)
    return web.Response(status=status, headers=headers, body=body)
