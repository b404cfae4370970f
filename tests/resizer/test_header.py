"""What is known of a picture before it is decoded."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc

import pytest
from PIL import Image

from fixtures.pictures import READABLE, REFUSED, Picture, picture
from resizer.errors import DamagedImageError, PermanentError, TooManyPixelsError, UnsupportedFormatError
from resizer.formats import Format, recognise
from resizer.header import read_header
from resizer.readers.avif import largest_frame_pixels

_LIMIT = 100_000_000


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in READABLE])
def test_the_size_is_read_from_the_header(entry: Picture) -> None:
    header = read_header(entry.data(), max_pixels=_LIMIT)

    assert (header.width, header.height) == entry.size


@pytest.mark.parametrize(
    "entry", [pytest.param(entry, id=entry.name) for entry in REFUSED if entry.error != "DamagedImage"]
)
def test_what_is_refused_by_its_start_says_why(entry: Picture) -> None:
    with pytest.raises(PermanentError) as raised:
        read_header(entry.data(), max_pixels=_LIMIT)

    assert raised.value.type == entry.error


def test_twenty_gigapixels_are_refused_fast_and_in_little_memory() -> None:
    data = memoryview(picture("bomb-20-gigapixels.png").data())
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(TooManyPixelsError, match=r"160000x125000 = 20,000,000,000"):
        read_header(data, max_pixels=_LIMIT)
    seconds = time.perf_counter() - start
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert seconds < 0.1
    assert peak_bytes < 100_000


def test_the_limit_itself_is_allowed_and_one_pixel_more_is_not() -> None:
    data = picture("png-8-bit.png").data()

    assert read_header(data, max_pixels=640 * 480).pixels == 640 * 480
    with pytest.raises(TooManyPixelsError):
        read_header(data, max_pixels=640 * 480 - 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpegs_orientation_is_read(orientation: int) -> None:
    data = picture(f"orientation-{orientation}.jpg").data()

    assert read_header(data, max_pixels=_LIMIT).orientation == orientation


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"8BPS\0\1", "a Photoshop document"),
        (b"\0\0\1\0\1\0", "an ICO"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x0a\0", "JPEG XL"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><svg/>", "an SVG"),
        (b"<!-- made by hand --><svg/>", "an SVG"),
    ],
)
def test_a_known_kind_that_is_not_read_is_named(start: bytes, kind: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=f"got {kind}; convert it"):
        recognise(start)


def test_an_avif_that_calls_itself_a_heif_first_is_read() -> None:
    assert recognise(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf") is Format.AVIF


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda", id="JPEG without a frame"),
        pytest.param(b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x00\x00\x01\x01\x01\x11\x00", id="JPEG of no height"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIEND" + bytes(20), id="PNG without IHDR"),
        pytest.param(
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\1\0\0\0\1\x08\x05\0\0\0", id="PNG of no such colour"
        ),
        pytest.param(b"GIF89a\1", id="GIF cut short"),
        pytest.param(b"RIFF\0\0\0\0WEBPJUNK" + bytes(20), id="WebP of no such chunk"),
        pytest.param(b"II*\0\xff\xff\0\0", id="TIFF that points outside"),
        pytest.param(b"II*\0\x08\0\0\0\0\0", id="TIFF without a size"),
        pytest.param(
            b"\0\0\0\x14ftypavif\0\0\0\0avif" + struct.pack(">I4s", 4, b"meta"), id="AVIF of bad boxes"
        ),
        pytest.param(b"BM" + bytes(10), id="BMP cut short"),
    ],
)
def test_a_header_that_makes_no_sense_is_damage(data: bytes) -> None:
    with pytest.raises(DamagedImageError):
        read_header(data, max_pixels=_LIMIT)


def test_samples_that_the_engines_would_read_differently_are_refused() -> None:
    file = io.BytesIO()
    Image.new("F", (4, 4)).save(file, "TIFF")

    with pytest.raises(UnsupportedFormatError, match="float samples"):
        read_header(file.getvalue(), max_pixels=_LIMIT)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xff\xd8" + b"\xff" * 10**7, id="JPEG of fill bytes"),
        pytest.param(b"\xff\xd8" + b"\xff\xd0" * 10**7, id="JPEG of empty markers"),
        pytest.param(b"\xff\xd8\xff" + bytes(10**7), id="JPEG of zeros"),
        pytest.param(b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\x08free" * 10**6, id="AVIF of empty boxes"),
    ],
)
def test_a_header_without_end_is_given_up(data: bytes) -> None:
    start = time.perf_counter()
    with pytest.raises(DamagedImageError):
        read_header(data, max_pixels=_LIMIT)

    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize("order", [">", "<"])
def test_a_big_tiff_is_read(order: str) -> None:
    mark = b"MM" if order == ">" else b"II"
    tags = [(256, 4, 1, 300), (257, 4, 1, 200), (258, 3, 1, 8 if order == "<" else 8 << 48)]
    data = mark + struct.pack(order + "HHHQ", 43, 8, 0, 16) + struct.pack(order + "Q", len(tags))
    for tag, kind, count, value in tags:
        shift = 32 if order == ">" and kind == 4 else 0
        data += struct.pack(order + "HHQQ", tag, kind, count, value << shift)

    header = read_header(data, max_pixels=_LIMIT)

    assert (header.width, header.height) == (300, 200)


def test_an_avif_whose_stream_is_larger_than_it_says_is_damaged() -> None:
    file = io.BytesIO()
    Image.new("RGB", (2000, 1000)).save(file, "AVIF", speed=10)
    data = file.getvalue()
    place = data.index(b"ispe") + 8
    liar = data[:place] + struct.pack(">II", 64, 64) + data[place + 8 :]

    assert read_header(data, max_pixels=_LIMIT).pixels == 2_000_000
    with pytest.raises(DamagedImageError, match="its stream has more pixels"):
        read_header(liar, max_pixels=_LIMIT)


@pytest.mark.parametrize("name", ["avif.avif"])
def test_the_size_in_an_av1_stream_is_that_of_the_picture(name: str) -> None:
    data = picture(name).data()

    assert largest_frame_pixels(data[data.index(b"mdat") + 4 :]) == 640 * 480


def test_a_sequence_header_with_timing_and_operating_points_is_read() -> None:
    # No reduced header: timing with a unary number, a decoder model, two operating points, 10 x 6 pixels.
    fields = [
        *[(0, 3), (0, 1), (0, 1)],
        *[(1, 1), (1, 32), (1, 32), (1, 1), (0b00101, 5), (1, 1), (2, 5), (1, 32), (2, 5), (2, 5)],
        *[(1, 1), (1, 5)],
        *[(0, 12), (8, 5), (1, 1), (1, 1), (0, 7), (1, 1), (3, 4)],
        *[(0, 12), (4, 5), (0, 1), (0, 1)],
        *[(3, 4), (2, 4), (9, 4), (5, 3)],
    ]
    text = "".join(f"{value:0{width}b}" for value, width in fields)
    header = int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")

    assert largest_frame_pixels(b"\x12\0" + bytes([0x0A, len(header)]) + header) == 10 * 6


def test_a_jpeg_of_nothing_but_exif_is_given_up() -> None:
    segment = b"\xff\xe1" + struct.pack(">H", 65_002) + b"Exif\0\0" + bytes(64_994)

    with pytest.raises(DamagedImageError, match="before its first scan"):
        read_header(b"\xff\xd8" + segment * 600, max_pixels=_LIMIT)
