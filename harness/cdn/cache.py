"""The edge's cache, without I/O: when to ask the origin, and which answers to serve and keep.

A request begins with `look_up`. What is not fresh needs a fetch: `begin` it, ask the origin with the ticket's
headers, and `finish` it with the answer. If an invalidation comes in between, the answer goes to the viewers
who waited for it, and is not kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from harness.cdn.rules import errors
from harness.cdn.rules.conditions import validators
from harness.cdn.rules.errors import ErrorRule
from harness.cdn.rules.freshness import Lifetimes, freshness, initial_age
from harness.cdn.rules.message import Response
from harness.cdn.rules.paths import invalidates

# How CloudFront's X-Cache header says where a response came from.
XCache: TypeAlias = Literal["Hit", "Miss", "RefreshHit", "Error"]

NOT_MODIFIED: Final = 304
# What an entry costs beside its body, roughly: names, headers, bookkeeping.
_ENTRY_BYTES: Final = 1_024
# RFC 9111, section 3.2: headers about the body are not taken from an answer that has none.
_OF_THE_BODY: Final = {"age", "content-encoding", "content-length", "content-range", "content-type"}


@dataclass(frozen=True)
class Key:
    """The cache key: the path, and the encodings that the viewer accepts."""

    path: str
    encodings: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A stored response, served until `fresh_until`, and stale until the later times."""

    response: Response
    is_error: bool
    received: float
    fresh_until: float
    stale_while_revalidate_until: float
    stale_if_error_until: float
    # Until then a stale object is served without asking the origin, which has just failed.
    origin_failed_until: float = 0.0

    def age(self, now: float) -> int:
        """Return the age in whole seconds: RFC 9111, section 4.2.3."""
        return int(now - self.received)

    @property
    def size_bytes(self) -> int:
        """How much of the cache's memory it takes."""
        return _ENTRY_BYTES + len(self.response.body)


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """What the cache has for a request; with `refresh`, fetch it again in the background."""

    entry: Entry
    refresh: bool = False


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A fetch under way: when it began, and the stale entry that it may revalidate."""

    key: Key
    began: float
    generation: int
    stale: Entry | None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that make the request to the origin conditional."""
        return validators(self.stale.response.headers) if self.stale and not self.stale.is_error else {}


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What a fetch brought: the entry that its viewer gets, and whether the viewers who waited share it."""

    entry: Entry
    x_cache: XCache
    storable: bool = True
    shareable: bool = True


class Cache:
    """Entries by key, up to a limit of memory; the least recently used go first."""

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._generation = 0
        # Invalidations since the oldest fetch under way: (generation, path).
        self._recent: list[tuple[int, str]] = []
        self._under_way: dict[int, int] = {}
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def look_up(self, key: Key, *, now: float) -> Lookup | None:
        """Return what may be served without the origin; None if the origin has to be asked first."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if now < entry.fresh_until or now < entry.origin_failed_until:
            self._entries.move_to_end(key)
            return Lookup(entry=entry)
        if now < entry.stale_while_revalidate_until:
            self._entries.move_to_end(key)
            return Lookup(entry=entry, refresh=True)
        return None

    def begin(self, key: Key, *, now: float) -> Ticket:
        """Note that the origin is being asked."""
        generation = self._generation
        self._under_way[generation] = self._under_way.get(generation, 0) + 1
        return Ticket(key=key, began=now, generation=generation, stale=self._entries.get(key))

    def abandon(self, ticket: Ticket) -> None:
        """Note that a fetch ended without an answer to keep."""
        self._under_way[ticket.generation] -= 1
        if not self._under_way[ticket.generation]:
            del self._under_way[ticket.generation]
        oldest = min(self._under_way, default=self._generation)
        self._recent = [recent for recent in self._recent if recent[0] > oldest]

    def finish(
        self,
        ticket: Ticket,
        answer: Response,
        *,
        ttl: Lifetimes,
        rule: ErrorRule = errors.USUAL,
        page: Response | None = None,
    ) -> Fetched:
        """Take the origin's answer, and the custom page that is shown in an error's place."""
        outdated = self.outdated(ticket)
        fetched = _decide(ticket, answer, ttl=ttl, rule=rule, page=page)
        self.abandon(ticket)
        if not outdated:
            self._put(ticket.key, fetched)
        return fetched

    def invalidate(self, path: str) -> int:
        """Drop what a path of an invalidation names, errors included; return how many entries that were."""
        self._generation += 1
        if self._under_way:
            self._recent.append((self._generation, path))
        doomed = [key for key in self._entries if invalidates(path, key.path)]
        for key in doomed:
            self._drop(key)
        return len(doomed)

    def outdated(self, ticket: Ticket) -> bool:
        """Whether a fetch began before an invalidation of what it fetches."""
        return any(
            generation > ticket.generation and invalidates(path, ticket.key.path)
            for generation, path in self._recent
        )

    def _put(self, key: Key, fetched: Fetched) -> None:
        self._drop(key)
        entry = fetched.entry
        if not fetched.storable or entry.size_bytes > self._limit_bytes:
            return
        self._entries[key] = entry
        self.size_bytes += entry.size_bytes
        while self.size_bytes > self._limit_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Key) -> None:
        if entry := self._entries.pop(key, None):
            self.size_bytes -= entry.size_bytes


def _decide(
    ticket: Ticket, answer: Response, *, ttl: Lifetimes, rule: ErrorRule, page: Response | None
) -> Fetched:
    stale = ticket.stale if ticket.stale and not ticket.stale.is_error else None
    if answer.status == NOT_MODIFIED:
        if stale is None:
            # The request was not conditional, so this is no valid answer.
            answer = Response(status=502, headers={})
        else:
            merged = _brought_up_to_date(stale.response, answer)
            age = initial_age(answer.headers)
            return replace(_fresh(merged, ttl, began=ticket.began, age=age), x_cache="RefreshHit")
    if stale and errors.hides_stale(answer.status) and ticket.began < stale.stale_if_error_until:
        pause = errors.error_lifetime(answer.status, answer.headers, rule, ttl, now=ticket.began)
        until = min(ticket.began + pause, stale.stale_if_error_until)
        return Fetched(entry=replace(stale, origin_failed_until=until), x_cache="Hit")
    if answer.is_error:
        return _error(answer, rule, page, ttl, began=ticket.began)
    return _fresh(answer, ttl, began=ticket.began, age=initial_age(answer.headers))


def _brought_up_to_date(stored: Response, answer: Response) -> Response:
    # RFC 9111, section 3.2. A tag that compression has made weak stays weak.
    untouched = _OF_THE_BODY | ({"etag"} if "content-encoding" in stored.headers else set())
    newer = {name: value for name, value in answer.headers.items() if name not in untouched}
    return replace(stored, headers={**stored.headers, **newer})


def _fresh(response: Response, ttl: Lifetimes, *, began: float, age: float) -> Fetched:
    found = freshness(response.headers, ttl, now=began)
    # Counted from the request: for RFC 9111, section 4.2.3, the time on the way is age too.
    received = began - age
    fresh_until = received + found.lifetime_seconds
    forgiving = found.stale_if_error_seconds
    entry = Entry(
        response=response,
        is_error=False,
        received=received,
        fresh_until=fresh_until,
        stale_while_revalidate_until=fresh_until + found.stale_while_revalidate_seconds,
        stale_if_error_until=float("inf") if forgiving is None else fresh_until + forgiving,
    )
    # What is stale at once serves one viewer only; each of the others asks again.
    shareable = found.lifetime_seconds > 0
    return Fetched(entry=entry, x_cache="Miss", storable=found.storable, shareable=shareable)


def _error(
    answer: Response, rule: ErrorRule, page: Response | None, ttl: Lifetimes, *, began: float
) -> Fetched:
    lifetime = errors.error_lifetime(answer.status, answer.headers, rule, ttl, now=began)
    entry = Entry(
        response=errors.with_page(answer, page, rule) if page else answer,
        is_error=True,
        received=began,
        fresh_until=began + lifetime,
        stale_while_revalidate_until=0.0,
        stale_if_error_until=0.0,
    )
    return Fetched(entry=entry, x_cache="Error", storable=lifetime > 0)
