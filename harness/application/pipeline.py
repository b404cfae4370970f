"""The pipeline as an application sees it: where originals go, where thumbnails are, and at which address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from harness.errors import ThumbrigError

THUMBNAIL: Final = "thumbnail"


class NotAnOriginalError(ThumbrigError):
    """Raised when a key or an address is not that of an original."""

    def __init__(self, given: str, source_prefix: str) -> None:
        super().__init__(
            f"{given!r}: expected the key or the address of an original, below {source_prefix!r}"
        )


class NoSuchSizeError(ThumbrigError):
    """Raised when a size is asked for that the pipeline does not make."""

    def __init__(self, size: str, known: Mapping[str, str]) -> None:
        super().__init__(f"no size {size!r}: the pipeline makes {', '.join(sorted(known))}")


class NoCdnError(ThumbrigError):
    """Raised when an address is asked for of a pipeline without a CDN."""

    def __init__(self, bucket: str) -> None:
        super().__init__(f"the pipeline of bucket {bucket} has no CDN: give Pipeline its cdn_url")


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """What an application must know of the pipeline: outputs of its stack, no more.

    `prefixes` says for each named size where its thumbnails are. `function_timeout_seconds` is how long an
    invocation may take: a deleted original can get a thumbnail for so long.
    """

    bucket: str
    source_prefix: str = "members/profile/originals/"
    prefixes: Mapping[str, str] = field(
        default_factory=lambda: {THUMBNAIL: "members/profile/resized/thumbnail/"}
    )
    thumbnail_extension: str = ".webp"
    function_timeout_seconds: float = 30.0
    cdn_url: str | None = None
    distribution_id: str | None = None

    def original_key(self, original: str) -> str:
        """Return the key of an original, from the key or from an address that an application has stored.

        An address is `s3://bucket/key`, or a percent-encoded URL of the bucket or of the CDN.
        """
        # Not urlsplit here: a key in it is not encoded, and may hold a `?` or a `#`.
        path = original.removeprefix(f"s3://{self.bucket}/")
        if original.startswith(("https://", "http://")):
            path = unquote(urlsplit(original).path).removeprefix("/").removeprefix(f"{self.bucket}/")
        if not path.startswith(self.source_prefix):
            raise NotAnOriginalError(original, self.source_prefix)
        return path

    def thumbnail_key(self, key: str, size: str = THUMBNAIL) -> str:
        """Return where the thumbnail of the original at `key` will be: the rule that the function follows."""
        if size not in self.prefixes:
            raise NoSuchSizeError(size, self.prefixes)
        path = key.removeprefix(self.source_prefix)
        folder, slash, name = path.rpartition("/")
        stem, dot, _ = name.rpartition(".")
        # A name whose only dot stands first is all name: `.photo`.
        return (
            self.prefixes[size] + folder + slash + (stem if dot and stem else name) + self.thumbnail_extension
        )

    def thumbnail_keys(self, key: str) -> tuple[str, ...]:
        """Return where the thumbnails of the original at `key` will be, in every size."""
        return tuple(self.thumbnail_key(key, size) for size in self.prefixes)

    def thumbnail_url(self, original: str, size: str = THUMBNAIL) -> str:
        """Return the address of an original's thumbnail, which is known before there is one."""
        if self.cdn_url is None:
            raise NoCdnError(self.bucket)
        return self.cdn_url.rstrip("/") + path_of(self.thumbnail_key(self.original_key(original), size))


def path_of(key: str) -> str:
    """Return the path of a key in a URL: percent-encoded but for `/` and RFC 3986's unreserved letters."""
    return "/" + quote(key, safe="/")
