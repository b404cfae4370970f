"""How much memory a decoder takes for a picture, by its header alone.

The figures are measured and rounded up. After an update of Pillow or libvips, `nox -s memory` measures them
again and compares them with what this module expects; its table is in docs/performance.md.
"""

from __future__ import annotations

from typing import Literal

from resizer.formats import Format
from resizer.header import Header, PngColour

Decoder = Literal["pillow", "vips"]

_MB = 2**20
# The function at rest with its libraries, and what even a small picture touches. Once libvips has served a
# picture, it stays in memory whichever engine serves the next.
REST_BYTES = {"pillow": 50 * _MB, "vips": 64 * _MB, "auto": 64 * _MB}

_BYTE = 8
# Peaks of the same picture differ by this from one time to the next.
_UNEVENNESS = 1.02
_COEFFICIENT_BYTES = 2
# As in Header.compression.
_UNCOMPRESSED = 1
# Pillow keeps segments once by themselves, and once more as what they mean.
_METADATA_COPIES = 3
_JPEG_SCALES = (8, 4, 2)

# These readers take the file into memory as a whole, a copy beside the original; others read it in pieces.
_READ_AT_ONCE = frozenset({Format.WEBP, Format.TIFF, Format.AVIF})

# libwebp's animation decoder, by which Pillow reads every WebP: two canvases and a frame, and Pillow's own.
_PILLOW_WEBP_BYTES = 16.2
_VIPS_WEBP_ANIMATED_BYTES = 9
_VIPS_WEBP_ANIMATED_LOSSLESS_BYTES = 4.6
_VIPS_WEBP_LOSSLESS_BYTES = 4.05
_VIPS_WEBP_ALPHA_BYTES = 2.05
# Two copies of the planes, and three pictures of four or six bytes.
_VIPS_AVIF_BYTES = 14.5

# With alpha there are rows of two kinds.
_PREMULTIPLIED = 1.15

# A GIF may be nothing but comments, or nothing but frames of a pixel: what a byte of them takes.
_PILLOW_GIF_COMMENTS = 2.6
_VIPS_GIF_FRAMES = 7

_AVIF_LIBRARY_BYTES = 8 * _MB
# Pillow's own picture, and a little of libavif's for each plane.
_AVIF_PICTURE_BYTES = 4.6

# How many rows libvips holds while it shrinks: more for a larger thumbnail, never more than these.
_VIPS_LEAST_ROWS = 850
_VIPS_ROWS_PER_PIXEL = 4
_VIPS_MOST_ROWS = 2200


def added_bytes(decoder: Decoder, header: Header, *, file_bytes: int, size: int) -> int:
    """Estimate what a thumbnail of `size` from this picture takes at most, beyond the function at rest."""
    by = _by_vips if decoder == "vips" else _by_pillow
    # The thumbnail itself, between its steps.
    small = 16 * size * size
    return file_bytes + small + int(by(header, file_bytes, size) * _UNEVENNESS)


def _by_pillow(header: Header, file_bytes: int, size: int) -> float:
    copy = file_bytes if header.format in _READ_AT_ONCE else 0
    kept = copy + _METADATA_COPIES * header.metadata_bytes
    side = min(header.width, header.height)
    square = side * (side + 1)
    match header.format:
        case Format.JPEG:
            return kept + _jpeg_bytes(header, size)
        case Format.PNG | Format.TIFF:
            return (
                kept + header.block_bytes + header.pixels * _mode_bytes(header) + square * _cut_bytes(header)
            )
        case Format.WEBP:
            return kept + header.pixels * _PILLOW_WEBP_BYTES
        case Format.GIF:
            return kept + _PILLOW_GIF_COMMENTS * file_bytes + header.pixels + square * 8
        case Format.AVIF:
            rgb = 4 if header.alpha else 3
            return (
                kept
                + _AVIF_LIBRARY_BYTES
                + header.pixels * (_plane_bytes(header) + rgb + _AVIF_PICTURE_BYTES)
            )
        case Format.BMP:
            return kept + header.pixels * _bmp_bytes(header) + square * (4 if header.alpha else 0)


def _jpeg_bytes(header: Header, size: int) -> int:
    """Count what libjpeg holds, and the picture at the scale that it comes in."""
    factor = min(header.width, header.height) // size
    scale = 1 if header.lossless else next((scale for scale in _JPEG_SCALES if factor >= scale), 1)
    scaled = -(-header.width // scale) * -(-header.height // scale)
    return header.coefficients * _COEFFICIENT_BYTES + scaled * 4


def _mode_bytes(header: Header) -> int:
    """Return the bytes of a pixel in Pillow: one, two for 16 bits of grey, else four."""
    if header.channels > 1:
        return 4
    return 2 if header.bits > _BYTE else 1


def _cut_bytes(header: Header) -> int:
    """Return what a pixel of the square takes in addition while it becomes one that can be averaged."""
    if header.colour in {PngColour.RGB, PngColour.GREY, PngColour.PALETTE} and header.alpha:
        return 8
    if header.alpha or header.colour is PngColour.PALETTE:
        return 4
    # Of a TIFF with one channel it may be a palette; single bits become bytes.
    return 4 if header.format is Format.TIFF and header.channels == 1 else int(header.bits == 1)


def _bmp_bytes(header: Header) -> int:
    """Return the bytes of a pixel: an index and its colour, with run lengths two copies more."""
    if header.bits > _BYTE:
        return 4
    return 5 if header.compression == _UNCOMPRESSED else 7


def _plane_bytes(header: Header) -> float:
    return (header.channels + header.alpha) * _sample_bytes(header)


def _sample_bytes(header: Header) -> int:
    return 2 if header.bits > _BYTE else 1


def _by_vips(header: Header, file_bytes: int, size: int) -> float:
    rows = min(header.height, _VIPS_LEAST_ROWS + _VIPS_ROWS_PER_PIXEL * size, _VIPS_MOST_ROWS)
    pixel = _vips_pixel_bytes(header)
    flowing = rows * header.width * pixel * (_PREMULTIPLIED if header.alpha else 1)
    match header.format:
        case Format.JPEG:
            return _METADATA_COPIES * header.metadata_bytes + _jpeg_bytes(header, size)
        case Format.PNG:
            return 2 * header.metadata_bytes + flowing + (header.pixels * pixel if header.interlaced else 0)
        case Format.TIFF:
            return 2 * header.metadata_bytes + flowing + _tiff_bytes(header, file_bytes)
        case Format.GIF:
            return _VIPS_GIF_FRAMES * file_bytes + flowing + header.pixels * 4
        case Format.WEBP:
            return (
                2 * header.metadata_bytes
                + header.pixels * _vips_webp_bytes(header)
                + _scaled_bytes(header, size)
            )
        case Format.AVIF:
            return header.pixels * (_VIPS_AVIF_BYTES + 2 * _plane_bytes(header))
        case Format.BMP:
            raise AssertionError("libvips reads no BMP")


def _tiff_bytes(header: Header, file_bytes: int) -> float:
    """Count a row of tiles as it fills and as it is read, or a strip as it stands in the file."""
    if header.tiled:
        return 2 * header.block_bytes
    return 0 if header.compression == _UNCOMPRESSED else min(header.block_bytes, file_bytes) * 1.5


def _vips_pixel_bytes(header: Header) -> float:
    if header.format is Format.GIF:
        return 4
    channels = 3 if header.colour is PngColour.PALETTE else header.channels
    # A transparent colour becomes a channel.
    transparent = header.alpha and header.colour not in {None, PngColour.GREY_ALPHA, PngColour.RGB_ALPHA}
    if header.format is Format.TIFF and channels == 1:
        channels = 3  # a palette, perhaps
    return (channels + transparent) * _sample_bytes(header)


def _vips_webp_bytes(header: Header) -> float:
    if header.animated:
        return _VIPS_WEBP_ANIMATED_LOSSLESS_BYTES if header.lossless else _VIPS_WEBP_ANIMATED_BYTES
    if header.lossless:
        return _VIPS_WEBP_LOSSLESS_BYTES
    return _VIPS_WEBP_ALPHA_BYTES if header.alpha else 0


def _scaled_bytes(header: Header, size: int) -> float:
    """Count a WebP at the scale that libwebp gives it: its shorter side is twice the thumbnail's."""
    longer, shorter = max(header.width, header.height), min(header.width, header.height)
    side = min(shorter, 2 * size)
    return 8 * side * side * longer / shorter
