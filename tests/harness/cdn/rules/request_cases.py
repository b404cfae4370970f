"""What a viewer's request asks for: conditions, ranges, encodings, and the object that a URL names."""

from __future__ import annotations

from collections.abc import Callable

from harness.cdn.rules.compression import as_compressed, encoding_for
from harness.cdn.rules.conditions import not_modified, not_modified_headers, range_applies, validators
from harness.cdn.rules.paths import matches_pattern
from harness.cdn.rules.ranges import Span, parse_range, partial
from harness.cdn.rules.urls import (
    BadUrlError,
    accepted_encodings,
    normalize_path,
    object_key,
    request_path,
    split_target,
)
from tests.harness.cdn.rules.case import (
    CACHE_KEY,
    COMPRESSION,
    PATTERNS,
    RANGES,
    S3_KEYS,
    S3_ORIGIN,
    S3_PLUS,
    Case,
    answer,
    rfc,
)

_OLD, _NEW = "Mon, 12 Jan 1970 13:46:40 GMT", "Mon, 12 Jan 1970 14:46:40 GMT"
_LARGE = b"x" * 1_000


def _refused(act: Callable[[], object]) -> bool:
    try:
        act()
    except BadUrlError:
        return True
    return False


def _unchanged(etag: str | None = None, modified: str | None = None, **asked: str) -> bool:
    stored = ({"etag": etag} if etag else {}) | ({"last-modified": modified} if modified else {})
    return not_modified({name.replace("_", "-"): value for name, value in asked.items()}, stored)


def _encoding(
    content_type: str, accepted: str = "br,gzip", body: bytes = _LARGE, **headers: str
) -> str | None:
    return encoding_for(answer(200, body, content_type=content_type, **headers), accepted)


def _accepted(header: str | None) -> str:
    return accepted_encodings(header, gzip=True, brotli=True)


CONDITIONS = [
    Case(
        "the same tag: not modified",
        rfc(9110, "13.1.2"),
        lambda: _unchanged('"1"', if_none_match='"1"'),
        expected=True,
    ),
    Case(
        "another tag: modified",
        rfc(9110, "13.1.2"),
        lambda: _unchanged('"1"', if_none_match='"2"'),
        expected=False,
    ),
    Case(
        "one of several tags",
        rfc(9110, "13.1.2"),
        lambda: _unchanged('"1"', if_none_match='"2", "1"'),
        expected=True,
    ),
    Case(
        "tags are compared weakly",
        rfc(9110, "13.1.2"),
        lambda: _unchanged('"1"', if_none_match='W/"1"'),
        expected=True,
    ),
    Case("any tag", rfc(9110, "13.1.2"), lambda: _unchanged('"1"', if_none_match="*"), expected=True),
    Case(
        "If-None-Match is stronger than If-Modified-Since",
        rfc(9110, "13.1.3"),
        lambda: _unchanged('"1"', _OLD, if_none_match='"2"', if_modified_since=_NEW),
        expected=False,
    ),
    Case(
        "not modified since then",
        rfc(9110, "13.1.3"),
        lambda: _unchanged(None, _OLD, if_modified_since=_OLD),
        expected=True,
    ),
    Case(
        "modified since then",
        rfc(9110, "13.1.3"),
        lambda: _unchanged(None, _NEW, if_modified_since=_OLD),
        expected=False,
    ),
    Case(
        "a date that is none is ignored",
        rfc(9110, "13.1.3"),
        lambda: _unchanged(None, _OLD, if_modified_since="yesterday"),
        expected=False,
    ),
    Case(
        "a 304 has the headers that caches need, and no others",
        rfc(9110, "15.4.5"),
        lambda: not_modified_headers(
            {"etag": '"1"', "cache-control": "max-age=1", "content-type": "image/webp"}
        ),
        {"etag": '"1"', "cache-control": "max-age=1"},
    ),
    Case(
        "the origin is asked by the tag, the exacter of the two",
        S3_ORIGIN,
        lambda: validators({"etag": '"1"', "last-modified": _OLD}),
        {"if-none-match": '"1"'},
    ),
    Case(
        "without a tag the origin is asked by the date",
        S3_ORIGIN,
        lambda: validators({"last-modified": _OLD}),
        {"if-modified-since": _OLD},
    ),
]

RANGE_CASES = [
    Case(
        "from the first to the last byte named",
        rfc(9110, "14.1.2"),
        lambda: parse_range("bytes=2-5", 10),
        [Span(2, 5)],
    ),
    Case("to the end", rfc(9110, "14.1.2"), lambda: parse_range("bytes=7-", 10), [Span(7, 9)]),
    Case("the last bytes", rfc(9110, "14.1.2"), lambda: parse_range("bytes=-3", 10), [Span(7, 9)]),
    Case(
        "more last bytes than there are",
        rfc(9110, "14.1.2"),
        lambda: parse_range("bytes=-30", 10),
        [Span(0, 9)],
    ),
    Case("an end beyond the end", rfc(9110, "14.1.2"), lambda: parse_range("bytes=5-99", 10), [Span(5, 9)]),
    Case(
        "a start beyond the end cannot be satisfied",
        rfc(9110, "15.5.17"),
        lambda: parse_range("bytes=10-", 10),
        [],
    ),
    Case("no last bytes cannot be satisfied", rfc(9110, "14.1.2"), lambda: parse_range("bytes=-0", 10), []),
    Case("two in order", RANGES, lambda: parse_range("bytes=0-1,4-5", 10), [Span(0, 1), Span(4, 5)]),
    Case("out of order: the whole object", RANGES, lambda: parse_range("bytes=4-5,0-1", 10), None),
    Case("overlapping: the whole object", RANGES, lambda: parse_range("bytes=0-5,5-9", 10), None),
    Case("malformed: the whole object", RANGES, lambda: parse_range("bytes=5-2", 10), None),
    Case("another unit: the whole object", rfc(9110, "14.2"), lambda: parse_range("pages=1-2", 10), None),
    Case(
        "a 206 names its part",
        rfc(9110, "15.3.7"),
        lambda: partial(answer(200, b"0123456789"), [Span(2, 4)]).headers["content-range"],
        "bytes 2-4/10",
    ),
    Case(
        "a 416 names the size",
        rfc(9110, "15.5.17"),
        lambda: partial(answer(200, b"0123456789"), []).headers["content-range"],
        "bytes */10",
    ),
    Case(
        "If-Range with the tag",
        rfc(9110, "13.1.5"),
        lambda: range_applies('"1"', {"etag": '"1"'}),
        expected=True,
    ),
    Case(
        "If-Range with another tag",
        rfc(9110, "13.1.5"),
        lambda: range_applies('"2"', {"etag": '"1"'}),
        expected=False,
    ),
    Case(
        "If-Range never matches weakly",
        rfc(9110, "13.1.5"),
        lambda: range_applies('W/"1"', {"etag": 'W/"1"'}),
        expected=False,
    ),
]

ENCODINGS = [
    Case("WebP is not compressed", COMPRESSION, lambda: _encoding("image/webp"), None),
    Case("SVG is, by Brotli where both are accepted", COMPRESSION, lambda: _encoding("image/svg+xml"), "br"),
    Case("by gzip where only that is", COMPRESSION, lambda: _encoding("text/css", "gzip"), "gzip"),
    Case(
        "parameters of the type do not matter",
        COMPRESSION,
        lambda: _encoding("text/html; charset=utf-8"),
        "br",
    ),
    Case("999 bytes are not compressed", COMPRESSION, lambda: _encoding("text/css", body=b"x" * 999), None),
    Case(
        "more than 10,000,000 bytes are not",
        COMPRESSION,
        lambda: _encoding("text/css", body=b"x" * 10_000_001),
        None,
    ),
    Case(
        "what the origin has compressed is left",
        COMPRESSION,
        lambda: _encoding("text/css", content_encoding="gzip"),
        None,
    ),
    Case(
        "a 500 is not compressed",
        COMPRESSION,
        lambda: encoding_for(answer(500, _LARGE, content_type="text/html"), "br,gzip"),
        None,
    ),
    Case(
        "a 403 is",
        COMPRESSION,
        lambda: encoding_for(answer(403, _LARGE, content_type="text/html"), "br,gzip"),
        "br",
    ),
    Case(
        "compression weakens the tag",
        COMPRESSION,
        lambda: as_compressed(answer(etag='"1"'), "br", b"").headers["etag"],
        'W/"1"',
    ),
    Case(
        "a tag that is neither strong nor weak goes",
        COMPRESSION,
        lambda: "etag" in as_compressed(answer(etag="1"), "br", b"").headers,
        expected=False,
    ),
    Case(
        "viewers of both encodings share an entry",
        CACHE_KEY,
        lambda: _accepted("gzip, deflate, br, zstd") == _accepted("br,gzip"),
        expected=True,
    ),
    Case(
        "an encoding of weight 0 is not accepted",
        rfc(9110, "12.5.3"),
        lambda: _accepted("gzip;q=0, br;q=1.0"),
        "br",
    ),
    Case("no Accept-Encoding, no compression", COMPRESSION, lambda: _accepted(None), ""),
]

URLS = [
    Case("the query is parted from the path", CACHE_KEY, lambda: split_target("/a?b=c"), ("/a", "b=c")),
    Case("a proxy's form of target", rfc(9112, "3.2.2"), lambda: split_target("https://h/a?b"), ("/a", "b")),
    Case(
        "escapes in either case are equal", rfc(3986, "6.2.2.1"), lambda: normalize_path("/%c3%a9"), "/%C3%A9"
    ),
    Case(
        "what need not be escaped is equal unescaped",
        rfc(3986, "6.2.2.2"),
        lambda: normalize_path("/%61%2E%7E"),
        "/a.~",
    ),
    Case("an escaped slash is not a slash", rfc(3986, "2.2"), lambda: normalize_path("/a%2Fb"), "/a%2Fb"),
    Case(
        "the case of a path counts",
        CACHE_KEY,
        lambda: normalize_path("/A") == normalize_path("/a"),
        expected=False,
    ),
    Case(
        "half an escape is refused",
        rfc(3986, "2.1"),
        lambda: _refused(lambda: normalize_path("/%4")),
        expected=True,
    ),
    Case(
        "an escape of other characters is refused",
        rfc(3986, "2.1"),
        lambda: _refused(lambda: normalize_path("/%zz")),
        expected=True,
    ),
    Case(
        "escapes that are not UTF-8 are refused",
        S3_KEYS,
        lambda: _refused(lambda: object_key("/%FF")),
        expected=True,
    ),
    Case("a space", S3_KEYS, lambda: object_key("/a%20b"), "a b"),
    Case("a plus is a space to S3", S3_PLUS, lambda: object_key("/a+b"), "a b"),
    Case("an escaped plus is a plus", S3_PLUS, lambda: object_key("/a%2Bb"), "a+b"),
    Case("Korean", S3_KEYS, lambda: object_key("/%ED%95%9C"), "\ud55c"),
    Case("two slashes are two slashes", S3_KEYS, lambda: object_key("/a//b"), "a//b"),
    Case("dots within a name", S3_KEYS, lambda: object_key("/a..b"), "a..b"),
    Case("dot segments that stay inside", S3_KEYS, lambda: object_key("/a/../b"), "a/../b"),
    Case("dot segments that lead out", S3_KEYS, lambda: _refused(lambda: object_key("/../b")), expected=True),
    Case(
        "escaped dot segments that lead out",
        S3_KEYS,
        lambda: _refused(lambda: object_key("/a/%2e%2e%2f../b")),
        expected=True,
    ),
    Case("nobody on the way resolves dot segments", S3_KEYS, lambda: request_path("a/../b"), "a/%2E%2E/b"),
    Case("a key is signed as it is sent", S3_KEYS, lambda: request_path("a b+c"), "a%20b%2Bc"),
    Case(
        "a pattern's * stands for any characters",
        PATTERNS,
        lambda: matches_pattern("images/*.jpg", "/images/a/b.jpg"),
        expected=True,
    ),
    Case(
        "a pattern's ? stands for one",
        PATTERNS,
        lambda: matches_pattern("/a?.jpg", "/abc.jpg"),
        expected=False,
    ),
    Case("patterns mind the case", PATTERNS, lambda: matches_pattern("*.jpg", "/a.JPG"), expected=False),
]

CASES = [*CONDITIONS, *RANGE_CASES, *ENCODINGS, *URLS]
