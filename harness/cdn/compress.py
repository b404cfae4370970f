"""Compresses what CloudFront would compress."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import brotli

from harness.cdn.rules.compression import as_compressed, encoding_for

if TYPE_CHECKING:
    from harness.cdn.rules.message import Response

# Of the same order as the speed of an edge: the smallest output is not worth its time.
_BROTLI_QUALITY = 5
_GZIP_LEVEL = 6


def compressed(response: Response, accepted: str) -> Response:
    """Compress a response for viewers who accept these encodings, if its kind and its size call for it."""
    encoding = encoding_for(response, accepted)
    if encoding is None:
        return response
    if encoding == "br":
        body = brotli.compress(response.body, quality=_BROTLI_QUALITY)
    else:
        body = gzip.compress(response.body, _GZIP_LEVEL, mtime=0)
    return as_compressed(response, encoding, body)
