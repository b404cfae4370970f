"""The page's server: its files, what its buttons ask for, and the events that keep it up to date.

The browser does not know the edge's certificate, and would show a script few of another site's headers. So
the server asks the edge in the page's place, and hands over what came.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from harness.demo.border import HEADERS, border
from harness.demo.feed import encode
from harness.demo.guard import MOST_UPLOAD_BYTES, RefusedRequestError, TooLargeError, require_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.demo.card import Asking, Card
    from harness.demo.desk import Desk
    from harness.demo.edge_facts import EdgeFacts
    from harness.demo.feed import Feed
    from harness.demo.samples import Sample

_FOLDER: Final = Path(__file__).parent
_TYPES: Final = {
    "page.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    **dict.fromkeys(
        ("page.js", "api.js", "card.js", "waterfall.js", "words.js"), "text/javascript; charset=utf-8"
    ),
}
# Two years: beyond the longest TTL, and short of where dates end.
_MOST_ADVANCE_SECONDS: Final = 2 * 365 * 86_400


class PageServer:
    """Answers the page's requests; what takes time runs in threads."""

    def __init__(
        self,
        desk: Desk,
        feed: Feed,
        edge: EdgeFacts,
        *,
        known: Mapping[str, Any],
        samples: Mapping[str, Sample],
    ) -> None:
        self._desk = desk
        self._feed = feed
        self._edge = edge
        self._known = known
        self._samples = samples

    def application(self) -> web.Application:
        """Give what aiohttp serves."""
        app = web.Application(middlewares=[border], client_max_size=MOST_UPLOAD_BYTES)
        app.router.add_get("/", self._file)
        app.router.add_get(f"/{{file:{'|'.join(map(re.escape, _TYPES))}}}", self._file)
        app.router.add_get("/api/facts", self._tell_facts)
        app.router.add_get("/api/events", self._events)
        app.router.add_post("/api/photos", self._upload)
        app.router.add_get("/api/photos/{id}", self._photo)
        app.router.add_post("/api/photos/{id}/replace", self._replace)
        app.router.add_post("/api/photos/{id}/{verb:reload|delete|invalidate}", self._act)
        app.router.add_post("/api/photos/{id}/pass", self._let_pass)
        app.router.add_get("/api/photos/{id}/original", self._original)
        app.router.add_get("/api/photos/{id}/thumbnail/{look:[0-9]+}", self._thumbnail)
        app.router.add_get("/samples/{name}", self._preview)
        app.on_shutdown.append(self._end)
        return app

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("file", "page.html")
        return _bytes((_FOLDER / name).read_bytes(), _TYPES[name])

    async def _tell_facts(self, _request: web.Request) -> web.Response:
        samples = [
            {"name": one.name, "trait": one.trait, "has_preview": one.preview is not None}
            for one in self._samples.values()
        ]
        limit = {"most_upload_bytes": MOST_UPLOAD_BYTES, "too_large": str(TooLargeError(None))}
        return web.json_response({**self._known, **limit, "samples": samples})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        # Listening before telling what there is: a change in between is told twice rather than not at all.
        # A page that is closed resets the connection.
        with contextlib.suppress(ConnectionResetError), self._feed.page() as events:
            await response.write(encode("begin", {}))
            for card in self._desk.cards():
                await response.write(encode("card", card.to_json()))
            await response.write(encode("edge", await asyncio.to_thread(self._edge.to_json)))
            async for event in events:
                await response.write(event)
        return response

    async def _let_pass(self, request: web.Request) -> web.Response:
        seconds = request.query.get("seconds", "")
        if not (seconds.isascii() and seconds.isdigit()) or int(seconds) > _MOST_ADVANCE_SECONDS:
            raise RefusedRequestError(
                400, f"seconds: expected a number up to {_MOST_ADVANCE_SECONDS:,}, got {seconds!r}"
            )
        return _card(
            await asyncio.to_thread(self._desk.let_pass, request.match_info["id"], seconds=int(seconds))
        )

    async def _upload(self, request: web.Request) -> web.Response:
        data, name = await self._given(request)
        asking: Asking = "edge" if request.query.get("asking") == "edge" else "bucket"
        card = await asyncio.to_thread(self._desk.upload, data, name, asking=asking)
        headers = {"Location": f"/api/photos/{card.id}"}
        return web.json_response(card.to_json(), status=201, headers=headers)

    async def _photo(self, request: web.Request) -> web.Response:
        return _card(self._desk.card(request.match_info["id"]))

    async def _replace(self, request: web.Request) -> web.Response:
        data, name = await self._given(request)
        return _card(await asyncio.to_thread(self._desk.replace, request.match_info["id"], data, name))

    async def _act(self, request: web.Request) -> web.Response:
        acts = {"reload": self._desk.reload, "delete": self._desk.delete, "invalidate": self._desk.invalidate}
        return _card(await asyncio.to_thread(acts[request.match_info["verb"]], request.match_info["id"]))

    async def _original(self, request: web.Request) -> web.Response:
        return _bytes_or_404(await asyncio.to_thread(self._desk.original, request.match_info["id"]))

    async def _thumbnail(self, request: web.Request) -> web.Response:
        return _bytes_or_404(self._desk.thumbnail(request.match_info["id"], int(request.match_info["look"])))

    async def _preview(self, request: web.Request) -> web.Response:
        sample = self._sample(request.match_info["name"])
        if sample.preview is None:
            raise web.HTTPNotFound
        return _bytes(sample.preview.read_bytes(), "image/png")

    async def _given(self, request: web.Request) -> tuple[bytes, str]:
        if (name := request.query.get("sample")) is not None:
            sample = self._sample(name)
            return await asyncio.to_thread(sample.path.read_bytes), sample.name
        require_size(request.content_length)
        try:
            data = await request.read()
        except web.HTTPRequestEntityTooLarge as exc:
            raise TooLargeError(None) from exc
        return data, request.query.get("name") or "photo"

    def _sample(self, name: str) -> Sample:
        if name not in self._samples:
            raise RefusedRequestError(404, f"no sample {name!r}: expected one of {', '.join(self._samples)}")
        return self._samples[name]

    async def _end(self, _app: web.Application) -> None:
        self._desk.close()
        self._feed.close()


def _card(card: Card) -> web.Response:
    return web.json_response(card.to_json())


def _bytes_or_404(found: tuple[bytes, str] | None) -> web.Response:
    if found is None:
        raise web.HTTPNotFound
    return _bytes(*found)


def _bytes(data: bytes, content_type: str) -> web.Response:
    return web.Response(body=data, headers={"Content-Type": content_type})
