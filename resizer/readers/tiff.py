"""A TIFF's header: the tags of its first directory."""

from __future__ import annotations

from resizer.errors import UnsupportedFormatError
from resizer.exif import Tag, first_directory
from resizer.formats import SUPPORTED, Buffer, Format
from resizer.header import Header, OddHeaderError

_DEEPEST_BITS = 16
_UNSIGNED = 1


def read(data: Buffer) -> Header:
    """Read size, samples, compression, and how the pixels are cut into blocks."""
    directory = first_directory(data)
    tags = directory.tags
    try:
        width, height = tags[Tag.WIDTH][0], tags[Tag.HEIGHT][0]
    except KeyError as exc:
        raise OddHeaderError("no width or height") from exc
    bits = max(tags.get(Tag.BITS_PER_SAMPLE, (1,)))
    if bits > _DEEPEST_BITS or set(tags.get(Tag.SAMPLE_FORMAT, (_UNSIGNED,))) - {_UNSIGNED}:
        # What both engines read alike ends here.
        raise UnsupportedFormatError(f"a TIFF of {bits}-bit or signed or float samples", SUPPORTED)
    (samples, *_) = tags.get(Tag.SAMPLES_PER_PIXEL, (1,))
    (compression, *_) = tags.get(Tag.COMPRESSION, (1,))
    return Header(
        format=Format.TIFF,
        width=width,
        height=height,
        bits=bits,
        compression=compression,
        channels=samples,
        alpha=Tag.EXTRA_SAMPLES in tags,
        block_bytes=-(-_block_pixels(tags, width, height) * samples * bits // 8),
        tiled=Tag.TILE_LENGTH in tags,
        metadata_bytes=directory.bytes,
    )


def _block_pixels(tags: dict[int, tuple[int, ...]], width: int, height: int) -> int:
    """Count the pixels of a strip, or of a row of tiles."""
    if Tag.TILE_WIDTH in tags and Tag.TILE_LENGTH in tags:
        across, down = tags[Tag.TILE_WIDTH][0], tags[Tag.TILE_LENGTH][0]
        return -(-width // max(across, 1)) * across * down
    (rows, *_) = tags.get(Tag.ROWS_PER_STRIP, (height,))
    return min(rows, height) * width
