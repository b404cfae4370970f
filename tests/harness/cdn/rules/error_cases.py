"""How long errors are remembered, and what is shown instead."""

from __future__ import annotations

from harness.cdn.rules.errors import USUAL, ErrorRule, error_lifetime
from harness.cdn.rules.freshness import Lifetimes
from harness.cdn.rules.message import Response
from tests.harness.cdn.rules.case import (
    ERROR_PAGES,
    ERROR_TIME,
    ERRORS,
    NOW,
    TEMPLATE,
    Case,
    Edge,
    answer,
    rfc,
)

_PAGE = answer(200, b"placeholder", content_type="image/webp", cache_control="max-age=60")


def _lifetime(status: int, rule: ErrorRule = USUAL, ttl: Lifetimes = TEMPLATE, **headers: str) -> float:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_lifetime(status, named, rule, ttl, now=NOW)


def _missing_then_there(later: float, rule: ErrorRule = USUAL) -> tuple[str, int]:
    edge = Edge(rule=rule)
    edge.request(answer(403))
    return edge.later(later).request(answer(200))


def _expired_then(status: int) -> tuple[str, int]:
    edge = Edge()
    edge.request(answer(cache_control="max-age=60"))
    return edge.later(61).request(answer(status))


def _failed_before(later: float) -> tuple[str, int]:
    edge = Edge()
    edge.request(answer(cache_control="max-age=60"))
    edge.later(61).request(answer(500))
    return edge.later(later).request(answer(200, b"newer"))


def _shown(status: int, rule: ErrorRule, page: Response) -> tuple[str, int, bytes]:
    fetched = Edge(rule=rule).fetch(answer(status, b"error"), page=page)
    return fetched.x_cache, fetched.entry.response.status, fetched.entry.response.body


def _page_stays(later: float) -> tuple[str, int]:
    edge = Edge(rule=ErrorRule(page_path="/p", page_status=200))
    edge.request(answer(403), page=_PAGE)
    return edge.later(later).request(answer(200))


CASES = [
    Case("a 403 is remembered 10 s", ERROR_TIME, lambda: _lifetime(403), 10.0),
    Case("a 404 is remembered 10 s", ERRORS, lambda: _lifetime(404), 10.0),
    Case("a 414 is remembered 10 s", ERRORS, lambda: _lifetime(414), 10.0),
    Case("a 500 is remembered 10 s", ERRORS, lambda: _lifetime(500), 10.0),
    Case("a 501 is remembered 10 s", ERRORS, lambda: _lifetime(501), 10.0),
    Case("a 502 is remembered 10 s", ERRORS, lambda: _lifetime(502), 10.0),
    Case("a 503 is remembered 10 s", ERRORS, lambda: _lifetime(503), 10.0),
    Case("a 504 is remembered 10 s", ERRORS, lambda: _lifetime(504), 10.0),
    Case("a 400 is not remembered", ERRORS, lambda: _lifetime(400), 0.0),
    Case("a 405 is not remembered", ERRORS, lambda: _lifetime(405), 0.0),
    Case("a 412 is not remembered", ERRORS, lambda: _lifetime(412), 0.0),
    Case("a 415 is not remembered", ERRORS, lambda: _lifetime(415), 0.0),
    Case("a 400 with max-age is", ERRORS, lambda: _lifetime(400, cache_control="max-age=30"), 30.0),
    Case("a 405 with s-maxage is", ERRORS, lambda: _lifetime(405, cache_control="s-maxage=30"), 30.0),
    Case("a 416 never is", ERROR_TIME, lambda: _lifetime(416, cache_control="max-age=30"), 0.0),
    Case("a 429 is not on the list", ERRORS, lambda: _lifetime(429, cache_control="max-age=30"), 0.0),
    Case(
        "max-age above the minimum counts",
        ERROR_TIME,
        lambda: _lifetime(404, cache_control="max-age=30"),
        30.0,
    ),
    Case(
        "max-age below the minimum does not",
        ERROR_TIME,
        lambda: _lifetime(404, cache_control="max-age=3"),
        10.0,
    ),
    Case(
        "max-age is cut to the maximum TTL",
        ERROR_TIME,
        lambda: _lifetime(404, ttl=Lifetimes(maximum_seconds=20), cache_control="max-age=30"),
        20.0,
    ),
    Case(
        "other directives change nothing", ERROR_TIME, lambda: _lifetime(404, cache_control="no-store"), 10.0
    ),
    Case(
        "the configured minimum counts",
        ERROR_TIME,
        lambda: _lifetime(403, ErrorRule(minimum_seconds=300)),
        300.0,
    ),
    Case(
        "a configured 0 remembers nothing",
        ERROR_TIME,
        lambda: _lifetime(403, ErrorRule(minimum_seconds=0)),
        0.0,
    ),
    Case("after 9.9 s the error is still served", ERRORS, lambda: _missing_then_there(9.9), ("Error", 403)),
    Case("after 10 s the origin is asked", ERRORS, lambda: _missing_then_there(10), ("Miss", 200)),
    Case(
        "with a minimum of 0 it is asked at once",
        ERROR_TIME,
        lambda: _missing_then_there(0, ErrorRule(minimum_seconds=0)),
        ("Miss", 200),
    ),
    Case("an expired object and a 500: the object", ERRORS, lambda: _expired_then(500), ("Hit", 200)),
    Case(
        "an expired object and no answer (504): the object", ERRORS, lambda: _expired_then(504), ("Hit", 200)
    ),
    Case("an expired object and a 404: the 404", ERRORS, lambda: _expired_then(404), ("Error", 404)),
    Case("an expired object and a 403: the 403", ERRORS, lambda: _expired_then(403), ("Error", 403)),
    Case("9 s after a failure the origin is left alone", ERRORS, lambda: _failed_before(9), ("Hit", 200)),
    Case("10 s after a failure it is asked again", ERRORS, lambda: _failed_before(10), ("Miss", 200)),
    Case(
        "a page is shown with its own status",
        ERROR_PAGES,
        lambda: _shown(403, ErrorRule(page_path="/p", page_status=200), _PAGE),
        ("Error", 200, b"placeholder"),
    ),
    Case(
        "a page without a status of its own keeps the error's",
        ERROR_PAGES,
        lambda: _shown(404, ErrorRule(page_path="/p"), _PAGE),
        ("Error", 404, b"placeholder"),
    ),
    Case(
        "a page that cannot be had shows its own failure",
        ERROR_PAGES,
        lambda: _shown(500, ErrorRule(page_path="/p", page_status=200), answer(404, b"none")),
        ("Error", 404, b"none"),
    ),
    Case(
        "a page stays as long as the error, not as its own headers say",
        ERRORS,
        lambda: _page_stays(10),
        ("Miss", 200),
    ),
    Case("until then the page is served from the cache", ERRORS, lambda: _page_stays(9), ("Error", 200)),
    Case(
        "a 304 to an unconditional request is the origin's failure",
        rfc(9110, "15.4.5"),
        lambda: Edge().request(answer(304, b"")),
        ("Error", 502),
    ),
]
