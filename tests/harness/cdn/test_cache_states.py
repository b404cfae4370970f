"""In any order of events, the cache serves nothing stale as fresh, and no object of another path."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from harness.cdn.cache import Cache, Entry, Key, Lookup, Ticket
from harness.cdn.rules.freshness import Lifetimes
from harness.cdn.rules.message import Response

# Each is the beginning of another, or in its folder: what a wildcard may name by mistake.
_PATHS: Final = ("/a", "/ab", "/a/b")
_INVALIDATED: Final = (*_PATHS, "/a*", "/a/*", "/*", "/A")
_ENCODINGS: Final = ("", "br,gzip")
_TTL: Final = Lifetimes(minimum_seconds=0, default_seconds=50, maximum_seconds=200)
_ERROR_SECONDS: Final = 10
# Room for all: an eviction would only hide what is wrong.
_LIMIT_BYTES: Final = 100_000
# What each header allows, by hand: how long it is fresh, and how long stale while the origin fails.
_FOREVER: Final = 10**9
_ALLOWED: Final = {
    None: (50, _FOREVER),
    "max-age=5": (5, _FOREVER),
    "max-age=100": (100, _FOREVER),
    "max-age=1000": (200, _FOREVER),
    "max-age=0": (0, _FOREVER),
    "no-cache": (0, 0),
    "no-store": (0, 0),
    "max-age=5, stale-if-error=0": (5, 0),
    "max-age=5, stale-if-error=20": (5, 20),
    "max-age=5, must-revalidate": (5, 0),
}
_paths = st.sampled_from(_PATHS)
_KEYS: Final = [Key(path, encodings) for path in _PATHS for encodings in _ENCODINGS]


@dataclass(frozen=True)
class _Object:
    """What the origin has at a path, or that it has nothing there."""

    version: int
    control: str | None


@dataclass(frozen=True)
class _Asked:
    """One request to the origin: its time, its place in the order of events, the answer and its object."""

    ticket: Ticket
    moment: int
    now: float
    said: Response
    object: _Object | None


class CacheStates(RuleBasedStateMachine):
    """Fetches that take their time, between changes of the origin, invalidations and the passing of time."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = Cache(limit_bytes=_LIMIT_BYTES)
        self.now = 1_000_000.0
        self.moment = 0
        self.origin: dict[str, _Object | None] = dict.fromkeys(_PATHS)
        self.failing = False
        self.version = 0
        self.under_way: list[_Asked] = []
        # By key and object (None is an error): when the origin said so, in moments and in time.
        self.said: defaultdict[tuple[Key, _Object | None], list[_Asked]] = defaultdict(list)
        self.failed: defaultdict[Key, list[_Asked]] = defaultdict(list)
        self.invalidated: dict[str, int] = dict.fromkeys(_PATHS, 0)

    @rule(paths=st.sets(_paths, min_size=1), control=st.sampled_from(list(_ALLOWED)))
    def put(self, paths: set[str], control: str | None) -> None:
        self.version += 1
        self.origin |= dict.fromkeys(paths, _Object(self.version, control))

    @rule(path=_paths)
    def delete(self, path: str) -> None:
        self.origin[path] = None

    @rule(failing=st.booleans())
    def fail_or_recover(self, failing: bool) -> None:  # noqa: FBT001  called by hypothesis
        self.failing = failing

    @rule(seconds=st.sampled_from([1, 5, 9, 10, 51, 101]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(path=st.sampled_from(_INVALIDATED))
    def invalidate(self, path: str) -> None:
        self.moment += 1
        self.cache.invalidate(path)
        for stored in _PATHS:
            if stored == path or (path.endswith("*") and stored.startswith(path[:-1])):
                self.invalidated[stored] = self.moment

    @rule(key=st.sampled_from(_KEYS))
    def ask(self, key: Key) -> None:
        if self.cache.look_up(key, now=self.now) is None:
            self._ask(key)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 3))
    def answer_comes(self, which: int) -> None:
        self._finish(self.under_way.pop(which % len(self.under_way)))

    @precondition(lambda self: self.under_way)
    @rule()
    def connection_breaks(self) -> None:
        self.cache.abandon(self.under_way.pop().ticket)

    @rule()
    def everybody_requests(self) -> None:
        for key in _KEYS:
            if self.cache.look_up(key, now=self.now) is None:
                self._ask(key)
                self._finish(self.under_way.pop())

    @invariant()
    def every_viewer_gets_only_what_is_allowed(self) -> None:
        for key in _KEYS:
            if found := self.cache.look_up(key, now=self.now):
                self._check(key, found)

    def _ask(self, key: Key) -> None:
        self.moment += 1
        ticket = self.cache.begin(key, now=self.now)
        there = self.origin[key.path]
        self.under_way.append(_Asked(ticket, self.moment, self.now, self._answer(ticket, there), there))

    def _answer(self, ticket: Ticket, there: _Object | None) -> Response:
        if self.failing:
            return Response(status=503, headers={})
        if there is None:
            return Response(status=403, headers={}, body=ticket.key.path.encode())
        tag = f'"{there.version}"'
        headers = {"etag": tag} | ({"cache-control": there.control} if there.control else {})
        if ticket.headers.get("if-none-match") == tag:
            return Response(status=304, headers=headers)
        return Response(status=200, headers=headers, body=f"{ticket.key.path} {there.version}".encode())

    def _finish(self, asked: _Asked) -> None:
        key = asked.ticket.key
        if asked.said.status == 503:
            self.failed[key].append(asked)
        self.said[key, None if asked.said.is_error else asked.object].append(asked)
        fetched = self.cache.finish(asked.ticket, asked.said, ttl=_TTL)
        if fetched.x_cache == "Hit":
            # In the place of the origin's failure. It may have been invalidated since it was asked for.
            served = self._served(key, fetched.entry)
            assert self._said(key, served, within=sum(_ALLOWED[served.control]), since=0, now=asked.now)

    def _check(self, key: Key, found: Lookup) -> None:
        if found.entry.is_error:
            assert self._said_since_invalidation(key, None, within=_ERROR_SECONDS)
            return
        served = self._served(key, found.entry)
        fresh, stale = _ALLOWED[served.control]
        if self._said_since_invalidation(key, served, within=fresh):
            return
        failed = [asked for asked in self.failed[key] if self.now < asked.now + _ERROR_SECONDS]
        assert failed, "it is stale, and the origin has not failed"
        assert self._said_since_invalidation(key, served, within=fresh + stale)

    def _served(self, key: Key, entry: Entry) -> _Object:
        path, version = entry.response.body.decode().split(" ")
        assert path == key.path
        return next(there for (k, there) in self.said if k == key and there and there.version == int(version))

    def _said_since_invalidation(self, key: Key, there: _Object | None, *, within: float) -> bool:
        return self._said(key, there, within=within, since=self.invalidated[key.path], now=self.now)

    def _said(self, key: Key, there: _Object | None, *, within: float, since: int, now: float) -> bool:
        return any(
            asked.moment > since and asked.now <= now < asked.now + within for asked in self.said[key, there]
        )


# Shrinking a failure would take minutes; its steps, as they are found, are few enough to read.
_PHASES: Final = (Phase.explicit, Phase.reuse, Phase.generate)
TestCacheStates = CacheStates.TestCase
TestCacheStates.settings = settings(max_examples=300, stateful_step_count=40, deadline=None, phases=_PHASES)
