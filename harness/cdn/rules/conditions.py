"""Conditional requests: RFC 9110, section 13, as far as a cache answers them."""

from __future__ import annotations

from collections.abc import Mapping

from harness.cdn.rules.message import parse_http_date

# RFC 9110, section 15.4.5: what a 304 carries of the headers that a 200 would have had.
_ON_NOT_MODIFIED = ("cache-control", "content-location", "date", "etag", "expires", "last-modified", "vary")


def not_modified(request: Mapping[str, str], stored: Mapping[str, str]) -> bool:
    """Whether the viewer has the stored object already."""
    if (wanted := request.get("if-none-match")) is not None:
        return _names(wanted, stored.get("etag"))
    if "if-modified-since" not in request:
        return False
    since = parse_http_date(request["if-modified-since"])
    modified = parse_http_date(stored.get("last-modified"))
    return since is not None and modified is not None and modified <= since


def not_modified_headers(stored: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of the 304 answer."""
    return {name: stored[name] for name in _ON_NOT_MODIFIED if name in stored}


def validators(stored: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that ask the origin whether a stale object is still current, if there are any."""
    asked = {}
    if etag := stored.get("etag"):
        # As the origin gave it, before compression made it weak.
        asked["if-none-match"] = etag.removeprefix("W/")
    # CloudFront adds "one or both"; LocalStack heeds the date, of whole seconds, even where the tag differs.
    elif modified := stored.get("last-modified"):
        asked["if-modified-since"] = modified
    return asked


def range_applies(if_range: str | None, stored: Mapping[str, str]) -> bool:
    """Whether the stored object is the one that the viewer has a part of: RFC 9110, section 13.1.5."""
    if if_range is None:
        return True
    if if_range.startswith(('"', "W/")):
        # The strong comparison: a weak tag never matches.
        return not if_range.startswith("W/") and if_range == stored.get("etag")
    return if_range == stored.get("last-modified")


def _names(wanted: str, etag: str | None) -> bool:
    if etag is None:
        return False
    if wanted.strip() == "*":
        return True
    # Entity tags have no comma in practice (S3's are digests), so the list is split at commas.
    return etag.removeprefix("W/") in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
