"""How long objects stay fresh, and when stale ones may still be served."""

from __future__ import annotations

from harness.cdn.rules.freshness import Freshness, Lifetimes, explicit_lifetime, freshness, initial_age
from tests.harness.cdn.rules.case import (
    DAY,
    ERRORS,
    EXPIRATION,
    FLOOR,
    NOW,
    TEMPLATE,
    YEAR,
    Case,
    Edge,
    answer,
    rfc,
)

_DATE = "Mon, 12 Jan 1970 13:46:40 GMT"  # NOW
_HOUR_LATER = "Mon, 12 Jan 1970 14:46:40 GMT"


def _found(control: str | None = None, ttl: Lifetimes = TEMPLATE, **headers: str) -> Freshness:
    given = dict(headers) | ({"cache-control": control} if control is not None else {})
    return freshness(given, ttl, now=NOW)


def _lifetime(control: str | None = None, ttl: Lifetimes = TEMPLATE, **headers: str) -> float:
    return _found(control, ttl, **headers).lifetime_seconds


def _after_failure(control: str, later: float, ttl: Lifetimes = TEMPLATE) -> tuple[str, int]:
    edge = Edge(ttl)
    edge.request(answer(cache_control=control, etag='"1"'))
    return edge.later(later).request(answer(503))


def _failing_for_a_while() -> tuple[str, int]:
    edge = Edge()
    edge.request(answer(cache_control="max-age=60, stale-if-error=100"))
    edge.later(155).request(answer(503))
    # Within the 10 s for which the origin would be left alone.
    return edge.later(6).request(answer(503))


def _revalidated(control: str) -> tuple[str, int]:
    edge = Edge()
    edge.request(answer(cache_control=control, etag='"1"'))
    return edge.later(1).request(answer(304, b"", etag='"1"'))


def _came_old() -> tuple[str, int]:
    edge = Edge()
    edge.request(answer(cache_control="max-age=60", age="50"))
    return edge.later(11).request(answer())


CASES = [
    Case("without headers the default TTL counts", EXPIRATION, _lifetime, DAY),
    Case(
        "the default TTL is not less than the minimum",
        EXPIRATION,
        lambda: _lifetime(ttl=Lifetimes(minimum_seconds=100, default_seconds=10)),
        100.0,
    ),
    Case("max-age within the TTLs counts", EXPIRATION, lambda: _lifetime("max-age=600"), 600.0),
    Case("max-age above the maximum is cut", EXPIRATION, lambda: _lifetime("max-age=99999999"), YEAR),
    Case("max-age below the minimum is raised", EXPIRATION, lambda: _lifetime("max-age=1", FLOOR), 60.0),
    Case("max-age=0 is stale at once", EXPIRATION, lambda: _lifetime("max-age=0"), 0.0),
    Case("max-age=0 is raised to the minimum", EXPIRATION, lambda: _lifetime("max-age=0", FLOOR), 60.0),
    Case("a year is a year: our thumbnails", EXPIRATION, lambda: _lifetime("max-age=31536000"), YEAR),
    Case("s-maxage is stronger than max-age", EXPIRATION, lambda: _lifetime("max-age=10, s-maxage=20"), 20.0),
    Case("s-maxage above the maximum is cut", EXPIRATION, lambda: _lifetime("s-maxage=7000", FLOOR), 6000.0),
    Case("s-maxage below the minimum is raised", EXPIRATION, lambda: _lifetime("s-maxage=6", FLOOR), 60.0),
    Case(
        "max-age is stronger than Expires",
        EXPIRATION,
        lambda: _lifetime("max-age=10", date=_DATE, expires=_HOUR_LATER),
        10.0,
    ),
    Case(
        "Expires counts from the origin's Date",
        rfc(9111, "4.2.1"),
        lambda: _lifetime(date=_DATE, expires=_HOUR_LATER),
        3600.0,
    ),
    Case(
        "Expires without Date counts from now",
        rfc(9111, "4.2.1"),
        lambda: _lifetime(expires=_HOUR_LATER),
        3600.0,
    ),
    Case(
        "Expires above the maximum is cut",
        EXPIRATION,
        lambda: _lifetime(None, Lifetimes(maximum_seconds=60), expires=_HOUR_LATER),
        60.0,
    ),
    Case(
        "Expires below the minimum is raised",
        EXPIRATION,
        lambda: _lifetime(None, FLOOR, date=_DATE, expires=_DATE),
        60.0,
    ),
    Case(
        "Expires in the past is stale",
        rfc(9111, "5.3"),
        lambda: _lifetime(date=_HOUR_LATER, expires=_DATE),
        0.0,
    ),
    Case("Expires: 0 is in the past", rfc(9111, "5.3"), lambda: _lifetime(expires="0"), 0.0),
    Case("a max-age that is no number is stale", rfc(9111, "4.2.1"), lambda: _lifetime("max-age=soon"), 0.0),
    Case("a negative max-age is stale", rfc(9111, "4.2.1"), lambda: _lifetime("max-age=-5"), 0.0),
    Case(
        "a max-age with digits that are not ASCII's is stale",
        rfc(9111, "1.2.2"),
        lambda: _lifetime("max-age=\u0661\u0662"),
        0.0,
    ),
    Case("a max-age without a value is stale", rfc(9111, "4.2.1"), lambda: _lifetime("max-age"), 0.0),
    Case(
        "a max-age beyond 2^31 is 2^31",
        rfc(9111, "1.2.2"),
        lambda: explicit_lifetime({"cache-control": "max-age=99999999999999999999"}, now=NOW),
        2.0**31,
    ),
    Case("directives do not mind the case", rfc(9111, "5.2"), lambda: _lifetime("Max-Age=7"), 7.0),
    Case("a quoted number counts", rfc(9111, "5.2"), lambda: _lifetime('max-age="7"'), 7.0),
    Case(
        "of two max-age the first counts", rfc(9111, "4.2.1"), lambda: _lifetime("max-age=7, max-age=9"), 7.0
    ),
    Case(
        "a comma in a quoted value parts nothing",
        rfc(9111, "5.2"),
        lambda: _lifetime('ext="a, max-age=9", max-age=7'),
        7.0,
    ),
    Case(
        "directives that say nothing of time leave the default", EXPIRATION, lambda: _lifetime("public"), DAY
    ),
    Case("no-store is not stored", EXPIRATION, lambda: _found("no-store").storable, expected=False),
    Case(
        "private is not stored: this cache is shared",
        rfc(9111, "5.2.2.7"),
        lambda: _found("private, max-age=60").storable,
        expected=False,
    ),
    Case(
        "no-cache is stored, and revalidated each time",
        rfc(9111, "5.2.2.4"),
        lambda: _revalidated("no-cache"),
        ("RefreshHit", 200),
    ),
    Case(
        "with a minimum TTL no-store is cached for it",
        EXPIRATION,
        lambda: _found("no-store", FLOOR),
        Freshness(storable=True, lifetime_seconds=60.0),
    ),
    Case(
        "with a minimum TTL private is cached for it", EXPIRATION, lambda: _lifetime("private", FLOOR), 60.0
    ),
    Case(
        "with a minimum TTL no-cache is cached for it", EXPIRATION, lambda: _lifetime("no-cache", FLOOR), 60.0
    ),
    Case(
        "max-age=0 is revalidated each time",
        rfc(9111, "4.3"),
        lambda: _revalidated("max-age=0"),
        ("RefreshHit", 200),
    ),
    Case("an Age of the origin counts", rfc(9111, "4.2.3"), lambda: initial_age({"age": "30"}), 30.0),
    Case("an Age that is no number is none", rfc(9111, "5.1"), lambda: initial_age({"age": "old"}), 0.0),
    Case("an object that came old is stale the sooner", rfc(9111, "4.2.3"), _came_old, ("Miss", 200)),
    Case(
        "while the origin fails a stale object is served",
        ERRORS,
        lambda: _after_failure("max-age=60", 61),
        ("Hit", 200),
    ),
    Case(
        "stale-if-error=0 forbids that",
        EXPIRATION,
        lambda: _after_failure("max-age=60, stale-if-error=0", 61),
        ("Error", 503),
    ),
    Case(
        "stale-if-error allows it for its time",
        rfc(5861, "4"),
        lambda: _after_failure("max-age=60, stale-if-error=100", 159),
        ("Hit", 200),
    ),
    Case(
        "and not beyond",
        rfc(5861, "4"),
        lambda: _after_failure("max-age=60, stale-if-error=100", 161),
        ("Error", 503),
    ),
    Case(
        "and not beyond though the origin is left alone", rfc(5861, "4"), _failing_for_a_while, ("Error", 503)
    ),
    Case(
        "must-revalidate forbids it",
        rfc(9111, "5.2.2.2"),
        lambda: _after_failure("max-age=60, must-revalidate", 61),
        ("Error", 503),
    ),
    Case(
        "proxy-revalidate forbids it",
        rfc(9111, "5.2.2.8"),
        lambda: _after_failure("max-age=60, proxy-revalidate", 61),
        ("Error", 503),
    ),
    Case(
        "no-cache is not served stale",
        rfc(9111, "5.2.2.4"),
        lambda: _after_failure("no-cache", 1),
        ("Error", 503),
    ),
    Case(
        "with a minimum TTL no-cache is",
        EXPIRATION,
        lambda: _after_failure("no-cache", 61, FLOOR),
        ("Hit", 200),
    ),
    Case(
        "unless stale-if-error=0",
        EXPIRATION,
        lambda: _after_failure("no-cache, stale-if-error=0", 61, FLOOR),
        ("Error", 503),
    ),
    Case(
        "stale-while-revalidate serves at once",
        rfc(5861, "3"),
        lambda: _after_failure("max-age=60, stale-while-revalidate=30", 89),
        ("Hit", 200),
    ),
    Case(
        "stale-while-revalidate is at most the maximum TTL",
        EXPIRATION,
        lambda: _found("max-age=60, stale-while-revalidate=99999", FLOOR).stale_while_revalidate_seconds,
        6000.0,
    ),
]
