"""The formats that are read and written; a file is recognised by its first bytes, never by its name."""

from __future__ import annotations

from enum import StrEnum

from resizer.errors import EmptyFileError, NotAnImageError, UnsupportedFormatError

Buffer = bytes | memoryview


class Format(StrEnum):
    """A format that is read."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    GIF = "GIF"
    TIFF = "TIFF"
    AVIF = "AVIF"
    BMP = "BMP"


class OutputFormat(StrEnum):
    """A format that is written."""

    WEBP = "webp"
    AVIF = "avif"
    JPEG = "jpeg"

    @property
    def extension(self) -> str:
        """What the thumbnail's key ends in."""
        return ".jpg" if self is OutputFormat.JPEG else f".{self.value}"

    @property
    def content_type(self) -> str:
        """What the browser gets as its Content-Type."""
        return f"image/{self.value}"

    @property
    def most_effort(self) -> int:
        """How far the effort goes: libwebp knows 0 to 6, AV1 encoders 0 to 9; JPEG has none to choose."""
        return 9 if self is OutputFormat.AVIF else 6


SUPPORTED = ", ".join(Format)

_READ = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
    (b"II+\0", Format.TIFF),
    (b"MM\0+", Format.TIFF),
    (b"BM", Format.BMP),
)

_KNOWN = (
    (b"%PDF-", "a PDF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\1\0", "an ICO"),
    (b"8BPS", "a Photoshop document"),
)

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_LONGEST_START = 512


def recognise(data: Buffer) -> Format:
    """Recognise a file's format by its first bytes."""
    if not len(data):
        raise EmptyFileError
    start = bytes(data[:_LONGEST_START])
    for magic, known in _READ:
        if start.startswith(magic):
            return known
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return Format.WEBP
    if _brands(start) & _AVIF_BRANDS:
        return Format.AVIF
    if kind := _unsupported_kind(start):
        raise UnsupportedFormatError(kind, SUPPORTED)
    raise NotAnImageError(SUPPORTED, start[:12])


def _brands(start: bytes) -> set[bytes]:
    """List the major and the compatible brands of an ISO base media file, or nothing."""
    if start[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(start[:4], "big"), len(start))
    return {start[8:12], *(start[at : at + 4] for at in range(16, end, 4))}


def _unsupported_kind(start: bytes) -> str | None:
    for magic, kind in _KNOWN:
        if start.startswith(magic):
            return kind
    if _brands(start) & _HEIF_BRANDS:
        return "HEIC"
    return "an SVG" if _is_svg(start) else None


def _is_svg(start: bytes) -> bool:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return text.startswith(b"<svg") or (
        text.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in text
    )
