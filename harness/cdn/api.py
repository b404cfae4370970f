"""The part of the CloudFront API that an edge has a share in: invalidations.

Paths and forms are those of 2020-05-31, as SDKs speak them. Everything else goes to the target's own control
plane, if it has one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, tostring

import aiohttp
from aiohttp import web
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from harness.cdn.answers import request_id
from harness.cdn.ledger import Invalidation, Ledger, RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harness.cdn.delivery import Deliverer

_NAMESPACE: Final = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
_COLLECTION: Final = re.compile(r"/2020-05-31/distribution/([^/]+)/invalidation/?")
_ONE: Final = re.compile(r"/2020-05-31/distribution/([^/]+)/invalidation/([^/]+)")
_MOST_ITEMS: Final = 100
# What belongs to one connection. The host does not: it is signed.
_HOP: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


class ControlPlane:
    """Answers what boto3's `cloudfront` client asks."""

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
        """Answer one request, a refusal in CloudFront's form."""
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
            invalidation = self._ledger.find(match[2])
            return _xml(200, self._described(Element("Invalidation"), invalidation))
        answer = await self._pass_on(request, await request.read())
        if request.method != "GET" and answer.status < HTTPStatus.BAD_REQUEST:
            await self._changed()
        return answer

    async def _create(self, request: web.BaseRequest, body: bytes) -> web.Response:
        paths, reference = _read_batch(body)
        now = self._deliverer.clock.now()
        invalidation, is_new = self._ledger.accept(paths, reference, now=now)
        if is_new:
            if self._upstream:
                # It knows who may do this, and keeps its own list.
                told = await self._pass_on(request, body)
                if told.status >= HTTPStatus.BAD_REQUEST:
                    self._ledger.forget(invalidation)
                    return told
            for path in paths:
                self._deliverer.cache.invalidate(path)
        distribution_id = self._deliverer.distribution.id
        location = f"/2020-05-31/distribution/{distribution_id}/invalidation/{invalidation.id}"
        described = self._described(Element("Invalidation"), invalidation, status="InProgress")
        return _xml(201, described, location=location)

    def _list(self, request: web.BaseRequest) -> web.Response:
        most = request.query.get("MaxItems", str(_MOST_ITEMS))
        if not (most.isascii() and most.isdigit()) or not 0 < int(most) <= _MOST_ITEMS:
            raise RefusedError(400, "InvalidArgument", f"MaxItems must be between 1 and {_MOST_ITEMS}.")
        listed = self._ledger.newest_first()
        marker = request.query.get("Marker", "")
        if marker:
            ids = [invalidation.id for invalidation in listed]
            if marker not in ids:
                raise RefusedError(400, "InvalidArgument", "The marker names no invalidation.")
            listed = listed[ids.index(marker) + 1 :]
        page = listed[: int(most)]
        root = Element("InvalidationList")
        SubElement(root, "Marker").text = marker
        if len(listed) > len(page):
            SubElement(root, "NextMarker").text = page[-1].id
        SubElement(root, "MaxItems").text = most
        SubElement(root, "IsTruncated").text = str(len(listed) > len(page)).lower()
        SubElement(root, "Quantity").text = str(len(page))
        items = SubElement(root, "Items")
        for invalidation in page:
            self._summarized(SubElement(items, "InvalidationSummary"), invalidation)
        return _xml(200, root)

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

    def _summarized(self, element: Element, invalidation: Invalidation, status: str | None = None) -> Element:
        now = self._deliverer.clock.now()
        created = datetime.fromtimestamp(invalidation.created, UTC)
        SubElement(element, "Id").text = invalidation.id
        SubElement(element, "Status").text = status or self._ledger.status(invalidation, now=now)
        SubElement(
            element, "CreateTime"
        ).text = f"{created:%Y-%m-%dT%H:%M:%S}.{created.microsecond // 1000:03}Z"
        return element

    def _described(self, element: Element, invalidation: Invalidation, status: str | None = None) -> Element:
        self._summarized(element, invalidation, status)
        batch = SubElement(element, "InvalidationBatch")
        paths = SubElement(batch, "Paths")
        SubElement(paths, "Quantity").text = str(len(invalidation.paths))
        items = SubElement(paths, "Items")
        for path in invalidation.paths:
            SubElement(items, "Path").text = path
        SubElement(batch, "CallerReference").text = invalidation.caller_reference
        return element


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
    root = Element("ErrorResponse")
    error = SubElement(root, "Error")
    SubElement(error, "Type").text = "Sender"
    SubElement(error, "Code").text = exc.code
    SubElement(error, "Message").text = str(exc)
    SubElement(root, "RequestId").text = request_id()
    return _xml(exc.status, root)


def _xml(status: int, root: Element, *, location: str | None = None) -> web.Response:
    root.set("xmlns", _NAMESPACE)
    headers = {"Content-Type": "text/xml"} | ({"Location": location} if location else {})
    body = b'<?xml version="1.0"?>\n' + tostring(root)
    return web.Response(status=status, headers=headers, body=body)
