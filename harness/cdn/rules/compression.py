"""What CloudFront compresses, and how.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
"""

from __future__ import annotations

import gzip
from typing import Final

import brotli

from harness.cdn.rules.message import Response

# Fast rather than small: an edge compresses while a viewer waits.
_BROTLI_QUALITY: Final = 5
_GZIP_LEVEL: Final = 6
_LEAST_BYTES: Final = 1_000
_MOST_BYTES: Final = 10_000_000
_STATUSES: Final = frozenset({200, 403, 404})

# Without WebP, JPEG and the like, which are compressed already.
TYPES: Final = frozenset(
    {
        *(f"application/{name}" for name in ("dash+xml", "eot", "font", "font-sfnt", "javascript", "json")),
        *(f"application/{name}" for name in ("opentype", "otf", "pdf", "pkcs7-mime", "protobuf", "rss+xml")),
        *(f"application/{name}" for name in ("truetype", "ttf", "vnd.apple.mpegurl", "vnd.ms-fontobject")),
        *(f"application/{name}" for name in ("vnd.mapbox-vector-tile", "wasm", "xhtml+xml", "xml")),
        *(f"application/x-{name}" for name in ("font-opentype", "font-truetype", "font-ttf", "httpd-cgi")),
        *(f"application/x-{name}" for name in ("javascript", "mpegurl", "opentype", "otf", "perl", "ttf")),
        *(f"font/{name}" for name in ("eot", "opentype", "otf", "ttf")),
        "image/svg+xml",
        *(f"text/{name}" for name in ("css", "csv", "html", "javascript", "js", "plain", "richtext")),
        *(f"text/{name}" for name in ("tab-separated-values", "xml", "x-component", "x-java-source")),
        "text/x-script",
        "vnd.apple.mpegurl",
    }
)


def compressed(response: Response, accepted: str) -> Response:
    """Compress a response for viewers who accept these encodings, if CloudFront would compress it."""
    encoding = encoding_for(response, accepted)
    if encoding is None:
        return response
    if encoding == "br":
        body = brotli.compress(response.body, quality=_BROTLI_QUALITY)
    else:
        body = gzip.compress(response.body, _GZIP_LEVEL, mtime=0)
    return as_compressed(response, encoding, body)


def encoding_for(response: Response, accepted: str) -> str | None:
    """Choose how a response from the origin is compressed: "br", "gzip", or not at all.

    `accepted` is of the form that `accepted_encodings` gives; Brotli is preferred where both are accepted.
    """
    if not accepted or response.status not in _STATUSES or "content-encoding" in response.headers:
        return None
    if not _LEAST_BYTES <= len(response.body) <= _MOST_BYTES:
        return None
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return accepted.split(",", maxsplit=1)[0] if content_type in TYPES else None


def as_compressed(response: Response, encoding: str, body: bytes) -> Response:
    """Replace the body, and change the headers to match."""
    headers = {**response.headers, "content-encoding": encoding, "vary": "Accept-Encoding"}
    if etag := weak_etag(response.headers.get("etag")):
        headers["etag"] = etag
    else:
        headers.pop("etag", None)
    return Response(status=response.status, headers=headers, body=body)


def weak_etag(etag: str | None) -> str | None:
    """Convert a strong tag to a weak one; drop a tag that is neither."""
    if etag and etag.startswith('"'):
        return f"W/{etag}"
    return etag if etag and etag.startswith("W/") else None
