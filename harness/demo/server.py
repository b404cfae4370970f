"""The page's server: its files, what its buttons ask for, and the events that keep it up to date.

The browser does not know the edge's certificate, and would show a script few of another site's headers. So
the server asks the edge in the page's place, and hands over what the edge answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from fixtures.pictures import picture
from harness.demo.actions import Actions
from harness.demo.feed import EdgeFacts, Feed, encode
from harness.demo.middleware import (
    HEADERS,
    MOST_UPLOAD_BYTES,
    RefusedRequestError,
    TooLargeError,
    middleware,
    require_size,
)
from harness.demo.state import Asking, Photo, Photos

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
# Each shows something else: size, shape, orientation, colour, alpha, format; then files that are refused.
_SAMPLES: Final = (
    "reference.jpg",
    "photo-portrait.jpg",
    "photo-busy.jpg",
    "photo-dark.jpg",
    "orientation-6.jpg",
    "cmyk-profile.jpg",
    "png-alpha.png",
    "avif.avif",
    "gif-animated.gif",
    "thin-10000x10.jpg",
    "tiff-lzw.tiff",
    "text.jpg",
    "truncated.jpg",
    "bomb-20-gigapixels.png",
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A test picture that the page offers; `preview` is None if it has no thumbnail."""

    name: str
    trait: str
    path: Path
    preview: Path | None


def samples() -> dict[str, Sample]:
    """Return the test pictures by their names, in the order of the page."""
    found = [picture(name) for name in _SAMPLES]
    return {
        one.name: Sample(
            name=one.name,
            trait=one.trait,
            path=one.path(),
            preview=one.expected_path() if one.expected else None,
        )
        for one in found
    }


class PageServer:
    """Answers the page's requests, slow ones from threads."""

    def __init__(
        self, actions: Actions, photos: Photos, feed: Feed, edge: EdgeFacts, *, known: Mapping[str, Any]
    ) -> None:
        self._actions = actions
        self._photos = photos
        self._feed = feed
        self._edge = edge
        self._known = known
        self._samples = samples()

    def application(self) -> web.Application:
        """Return the application that aiohttp serves."""
        app = web.Application(middlewares=[middleware], client_max_size=MOST_UPLOAD_BYTES)
        app.router.add_get("/", self._file)
        app.router.add_get(f"/{{file:{'|'.join(map(re.escape, _TYPES))}}}", self._file)
        app.router.add_get("/api/facts", self._facts)
        app.router.add_get("/api/events", self._events)
        app.router.add_post("/api/photos", self._upload)
        app.router.add_get("/api/photos/{id}", self._photo)
        app.router.add_post("/api/photos/{id}/replace", self._replace)
        app.router.add_post("/api/photos/{id}/{verb:reload|delete|invalidate}", self._act)
        app.router.add_post("/api/photos/{id}/pass", self._let_pass)
        app.router.add_get("/api/photos/{id}/original", self._original)
        app.router.add_get("/api/photos/{id}/thumbnail/{answer:[0-9]+}", self._thumbnail)
        app.router.add_get("/samples/{name}", self._preview)
        app.on_shutdown.append(self._end)
        return app

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("file", "page.html")
        return _bytes((_FOLDER / name).read_bytes(), _TYPES[name])

    async def _facts(self, _request: web.Request) -> web.Response:
        samples = [
            {"name": one.name, "trait": one.trait, "has_preview": one.preview is not None}
            for one in self._samples.values()
        ]
        limit = {"most_upload_bytes": MOST_UPLOAD_BYTES, "too_large": str(TooLargeError(None))}
        return web.json_response({**self._known, **limit, "samples": samples})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        # Listening before sending what there is: a change in between is sent twice rather than not at all.
        # A page that is closed resets the connection.
        with contextlib.suppress(ConnectionResetError), self._feed.page() as events:
            await response.write(encode("begin", {}))
            for photo in self._photos.all():
                await response.write(encode("photo", photo.to_json()))
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
        return _json(
            await asyncio.to_thread(self._actions.let_pass, request.match_info["id"], seconds=int(seconds))
        )

    async def _upload(self, request: web.Request) -> web.Response:
        data, name = await self._given(request)
        asking: Asking = "edge" if request.query.get("asking") == "edge" else "bucket"
        photo = await asyncio.to_thread(self._actions.upload, data, name, asking=asking)
        headers = {"Location": f"/api/photos/{photo.id}"}
        return web.json_response(photo.to_json(), status=201, headers=headers)

    async def _photo(self, request: web.Request) -> web.Response:
        return _json(self._photos.get(request.match_info["id"]))

    async def _replace(self, request: web.Request) -> web.Response:
        data, name = await self._given(request)
        return _json(await asyncio.to_thread(self._actions.replace, request.match_info["id"], data, name))

    async def _act(self, request: web.Request) -> web.Response:
        verbs = {
            "reload": self._actions.reload,
            "delete": self._actions.delete,
            "invalidate": self._actions.invalidate,
        }
        return _json(await asyncio.to_thread(verbs[request.match_info["verb"]], request.match_info["id"]))

    async def _original(self, request: web.Request) -> web.Response:
        return _bytes_or_404(await asyncio.to_thread(self._actions.original, request.match_info["id"]))

    async def _thumbnail(self, request: web.Request) -> web.Response:
        return _bytes_or_404(
            self._actions.thumbnail(request.match_info["id"], int(request.match_info["answer"]))
        )

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
        self._actions.close()
        self._feed.close()


def _json(photo: Photo) -> web.Response:
    return web.json_response(photo.to_json())


def _bytes_or_404(found: tuple[bytes, str] | None) -> web.Response:
    if found is None:
        raise web.HTTPNotFound
    return _bytes(*found)


def _bytes(data: bytes, content_type: str) -> web.Response:
    return web.Response(body=data, headers={"Content-Type": content_type})
