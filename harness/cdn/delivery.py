"""Serves requests from the cache, and asks the bucket, once for all who wait, for what is not fresh."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from harness.cdn.cache import Cache, Entry, Fetched, Key, Ticket, XCache
from harness.cdn.distribution import Behavior, Distribution
from harness.cdn.ledger import Clock
from harness.cdn.origin import BucketClient
from harness.cdn.rules.compression import compressed
from harness.cdn.rules.message import Response
from harness.cdn.rules.urls import accepted_encodings, object_key


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A response, and where it came from; `age_seconds` if it was in the cache."""

    entry: Entry
    x_cache: XCache
    age_seconds: int | None


@dataclass(frozen=True, kw_only=True)
class _Flight:
    ticket: Ticket
    task: asyncio.Task[Fetched]


class Deliverer:
    """One distribution at one edge: its cache, and the fetches that are under way."""

    def __init__(self, distribution: Distribution, bucket: BucketClient, cache: Cache, clock: Clock) -> None:
        self.distribution = distribution
        self.cache = cache
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self._bucket = bucket
        self._flights: dict[Key, _Flight] = {}
        self._background: set[asyncio.Task[Fetched]] = set()

    async def deliver(self, path: str, accept_encoding: str | None) -> Delivery:
        """Return the response for a viewer of this (normalized) path."""
        behavior = self.distribution.behavior(path)
        encodings = accepted_encodings(accept_encoding, gzip=behavior.gzip, brotli=behavior.brotli)
        key = Key(path, encodings)
        found = self.cache.look_up(key, now=self.clock.now())
        if found is None:
            return await self._fetched(key, behavior)
        if found.refresh and key not in self._flights:
            self._launch(key, behavior)
        return self._stored(found.entry)

    async def forward(self, method: str, path: str) -> Response:
        """Pass a request on to the bucket; its answer is not cached."""
        self.counts["origin_requests"] += 1
        origin = self.distribution.behavior(path).origin
        return await self._bucket.fetch(self.distribution, origin, self._object_key(path), method=method)

    async def _fetched(self, key: Key, behavior: Behavior) -> Delivery:
        flight = self._flights.get(key)
        if flight is None or self.cache.outdated(flight.ticket):
            fetched = await asyncio.shield(self._launch(key, behavior))
            return self._came(fetched)
        fetched = await asyncio.shield(flight.task)
        if fetched.shareable:
            return self._stored(fetched.entry)
        fetched = await self._fetch(self.cache.begin(key, now=self.clock.now()), behavior)
        return self._came(fetched)

    def _launch(self, key: Key, behavior: Behavior) -> asyncio.Task[Fetched]:
        # In its own task: a viewer who leaves must not end a fetch that others wait for.
        ticket = self.cache.begin(key, now=self.clock.now())
        flight = _Flight(ticket=ticket, task=asyncio.create_task(self._fetch(ticket, behavior)))
        self._flights[key] = flight
        self._background.add(flight.task)

        def landed(task: asyncio.Task[Fetched]) -> None:
            self._background.discard(task)
            if self._flights.get(key) is flight:
                del self._flights[key]

        flight.task.add_done_callback(landed)
        return flight.task

    async def _fetch(self, ticket: Ticket, behavior: Behavior) -> Fetched:
        try:
            answer = await self._ask(ticket.key, behavior, ticket)
            rule = self.distribution.error_rule(answer.status)
            page = None
            if answer.is_error and rule.page_path:
                shown_by = self.distribution.behavior(rule.page_path)
                page = await self._ask(Key(rule.page_path, ticket.key.encodings), shown_by, None)
        except BaseException:
            self.cache.abandon(ticket)
            raise
        return self.cache.finish(ticket, answer, ttl=behavior.ttl, rule=rule, page=page)

    async def _ask(self, key: Key, behavior: Behavior, ticket: Ticket | None) -> Response:
        self.counts["origin_requests"] += 1
        answer = await self._bucket.fetch(
            self.distribution,
            behavior.origin,
            self._object_key(key.path),
            headers=ticket.headers if ticket else None,
        )
        return compressed(answer, key.encodings)

    def _object_key(self, path: str) -> str:
        return object_key(f"/{self.distribution.root_object}" if path == "/" else path)

    def _came(self, fetched: Fetched) -> Delivery:
        if fetched.x_cache == "Hit":
            # The origin failed, and the stale object stands in.
            return self._stored(fetched.entry)
        return Delivery(entry=fetched.entry, x_cache=fetched.x_cache, age_seconds=None)

    def _stored(self, entry: Entry) -> Delivery:
        x_cache: XCache = "Error" if entry.is_error else "Hit"
        return Delivery(entry=entry, x_cache=x_cache, age_seconds=entry.age(self.clock.now()))
