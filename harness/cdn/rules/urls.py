"""What a viewer's URL names: a cache entry, and an object in the bucket."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes, urlsplit

from harness.errors import ThumbrigError

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
MOST_URL_BYTES = 8192
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# RFC 3986, section 3.3: the characters that need no escape in a path.
_PATH_CHARACTERS = "/!$&'()*+,;=:@%"


class BadUrlError(ThumbrigError):
    """Raised when a viewer's URL names no object that could be in a bucket."""

    status = 400

    def __init__(self, reason: str) -> None:
        super().__init__(f"expected the URL of an object: {reason}")


def split_target(target: str) -> tuple[str, str]:
    """Split a request's target into path and query."""
    if not target.startswith("/"):
        # RFC 9112, section 3.2.2: the form for proxies includes the host.
        parts = urlsplit(target)
        if parts.scheme not in {"http", "https"}:
            raise BadUrlError("it must begin with a slash")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    path, _, query = target.partition("?")
    return path, query


def normalize_path(path: str) -> str:
    """Normalize a path by RFC 3986, section 6.2.2, except for dot segments, which S3 keys may have."""
    if path.isascii() and "%" not in path and " " not in path:
        return path
    if _BROKEN_ESCAPE.search(path):
        raise BadUrlError("a percent sign needs two hexadecimal digits after it")
    return _ESCAPE.sub(_normal_escape, quote(path, safe=_PATH_CHARACTERS + "~"))


def object_key(path: str) -> str:
    """Return the key that S3 reads from the path; it cannot lie outside the bucket."""
    # S3 takes a plus for a space: https://yetanothermichael.com/coding/2022/10/11/the-problem-with-plus-signs-and-s3.html
    raw = unquote_to_bytes(path.replace("+", "%20"))
    try:
        key = raw.decode()[1:]
    except UnicodeDecodeError as exc:
        raise BadUrlError("its escapes are not UTF-8") from exc
    if "\0" in key:
        raise BadUrlError("it has a zero byte")
    if _climbs_out(key):
        raise BadUrlError("its dot segments lead out of the bucket")
    return key


def request_path(key: str) -> str:
    """Write a key as the path of a signed request to S3."""
    # Dot segments are escaped, so that nothing on the way resolves them.
    segments = quote(key, safe="/~").split("/")
    return "/".join(
        segment.replace(".", "%2E") if segment in {".", ".."} else segment for segment in segments
    )


def accepted_encodings(header: str | None, *, gzip: bool, brotli: bool) -> str:
    """Reduce Accept-Encoding to what the cache key knows: "br,gzip", "br", "gzip" or ""."""
    offered = {name for name, weight in _weighted(header or "") if weight > 0}
    wanted = [name for name, enabled in (("br", brotli), ("gzip", gzip)) if enabled]
    return ",".join(name for name in wanted if name in offered)


def _weighted(header: str) -> list[tuple[str, float]]:
    found = []
    for part in header.lower().split(","):
        name, _, parameter = part.partition(";")
        try:
            weight = float(parameter.partition("=")[2] or 1)
        except ValueError:
            weight = 0.0
        found.append((name.strip(), weight))
    return found


def _normal_escape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else f"%{match[1].upper()}"


def _climbs_out(key: str) -> bool:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html: read from the left, a
    # key must never have more relative segments than others.
    depth = 0
    for segment in key.split("/"):
        depth += {"..": -1, ".": 0}.get(segment, 1)
        if depth < 0:
            return True
    return False
