from __future__ import annotations

from harness.cdn.cache import Cache, Key
from harness.cdn.rules.freshness import Lifetimes
from harness.cdn.rules.message import Response

_BODY = b"x" * 10_000


def _fill(cache: Cache, path: str, body: bytes = _BODY) -> None:
    ticket = cache.begin(Key(path), now=0)
    cache.finish(ticket, Response(status=200, headers={}, body=body), ttl=Lifetimes())


def test_the_least_recently_used_object_goes_first() -> None:
    cache = Cache(limit_bytes=35_000)
    for path in ("/1", "/2", "/3"):
        _fill(cache, path)
    cache.look_up(Key("/1"), now=1)
    _fill(cache, "/4")

    assert cache.look_up(Key("/2"), now=1) is None
    assert cache.look_up(Key("/1"), now=1) is not None
    assert len(cache) == 3
    assert cache.size_bytes <= 35_000


def test_an_object_larger_than_the_memory_throws_nothing_else_out() -> None:
    cache = Cache(limit_bytes=35_000)
    _fill(cache, "/1")
    _fill(cache, "/large", b"x" * 40_000)

    assert cache.look_up(Key("/1"), now=1) is not None
    assert cache.look_up(Key("/large"), now=1) is None


def test_a_fetch_that_began_before_an_invalidation_is_not_kept() -> None:
    cache = Cache(limit_bytes=35_000)
    ticket = cache.begin(Key("/a"), now=0)
    cache.invalidate("/*")
    fetched = cache.finish(ticket, Response(status=200, headers={}, body=b"old"), ttl=Lifetimes())

    assert fetched.entry.response.body == b"old"
    assert cache.look_up(Key("/a"), now=1) is None


def test_a_fetch_of_something_else_is_kept() -> None:
    cache = Cache(limit_bytes=35_000)
    ticket = cache.begin(Key("/a"), now=0)
    cache.invalidate("/b*")
    cache.finish(ticket, Response(status=200, headers={}), ttl=Lifetimes())

    assert cache.look_up(Key("/a"), now=1) is not None


def test_every_encoding_of_a_path_is_invalidated() -> None:
    cache = Cache(limit_bytes=35_000)
    for encodings in ("", "gzip", "br,gzip"):
        ticket = cache.begin(Key("/a", encodings), now=0)
        cache.finish(ticket, Response(status=200, headers={}), ttl=Lifetimes())

    assert cache.invalidate("/a") == 3
    assert len(cache) == 0
    assert cache.size_bytes == 0
