"""Ranges of a cached object: RFC 9110, section 14, and CloudFront's own requirements.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from harness.cdn.rules.message import Response

_ONE = re.compile(r"\s*(?:(\d+)-(\d*)|-(\d+))\s*", re.ASCII)
# RFC 9110, section 14.2, lets a server ignore a request for many small ranges.
_MOST_RANGES = 100
_BOUNDARY = "CloudFront:thumbrig"


@dataclass(frozen=True)
class Span:
    """Bytes from `first` to `last`, both included."""

    first: int
    last: int


def parse_range(header: str, size: int) -> list[Span] | None:
    """Return the parts to send: an empty list if no part exists, None if the header must be ignored.

    CloudFront ignores ranges that are malformed, out of order or overlapping, and sends the whole object.
    """
    unit, _, specs = header.partition("=")
    parts = specs.split(",")
    if unit.strip().lower() != "bytes" or len(parts) > _MOST_RANGES:
        return None
    matches = [_ONE.fullmatch(part) for part in parts]
    spans = [_span(match, size) for match in matches if match]
    if len(spans) != len(parts) or "invalid" in spans:
        return None
    satisfiable = [span for span in spans if isinstance(span, Span)]
    if any(left.last >= right.first for left, right in pairwise(satisfiable)):
        return None
    return satisfiable


def partial(whole: Response, spans: list[Span]) -> Response:
    """Answer with one part as it is, with several as multipart/byteranges, with none as a 416."""
    size = len(whole.body)
    if not spans:
        headers = {"content-range": f"bytes */{size}", "content-type": "text/html"}
        return Response(status=416, headers=headers)
    if len(spans) == 1:
        span = spans[0]
        headers = {**whole.headers, "content-range": f"bytes {span.first}-{span.last}/{size}"}
        return Response(status=206, headers=headers, body=whole.body[span.first : span.last + 1])
    content_type = whole.headers.get("content-type", "application/octet-stream")
    parts = [
        f"--{_BOUNDARY}\r\nContent-Type: {content_type}\r\n"
        f"Content-Range: bytes {span.first}-{span.last}/{size}\r\n\r\n".encode()
        + whole.body[span.first : span.last + 1]
        + b"\r\n"
        for span in spans
    ]
    headers = {**whole.headers, "content-type": f"multipart/byteranges; boundary={_BOUNDARY}"}
    return Response(status=206, headers=headers, body=b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode())


def _span(match: re.Match[str], size: int) -> Span | str:
    first, last, suffix = match.groups()
    if suffix is not None:
        count = min(int(suffix), size)
        return Span(size - count, size - 1) if count else "unsatisfiable"
    start, end = int(first), int(last) if last else size - 1
    if last and end < start:
        return "invalid"
    return Span(start, min(end, size - 1)) if start < size else "unsatisfiable"
