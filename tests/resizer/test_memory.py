"""What a picture takes, by its header, and what is refused for it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from fixtures.images.encode import blank_jpeg
from fixtures.pictures import READABLE, Picture
from resizer.engines import engine_for
from resizer.engines.auto import preferred
from resizer.errors import TooMuchMemoryError
from resizer.footprint import REST_BYTES, added_bytes
from resizer.formats import Format
from resizer.header import Header, PngColour, read_header
from resizer.memory import Memory, choose_decoder

_MB = 2**20
_SIZE = 150
_PROJECT = Path(__file__).parents[2]


def _auto(memory_mb: int) -> Memory:
    return Memory(limit_bytes=memory_mb * _MB, rest_bytes=REST_BYTES["auto"])


def _header(kind: Format, megapixels: int = 100, **traits: object) -> Header:
    return Header(format=kind, width=10_000, height=megapixels * 100, **traits)  # type: ignore[arg-type]


def _fits(header: Header, *, file_mb: int = 10, memory_mb: int = 512) -> bool:
    added = [added_bytes(name, header, file_bytes=file_mb * _MB, size=_SIZE) for name in preferred(header)]
    return any(_auto(memory_mb).holds(bytes_) for bytes_ in added)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(_header(Format.JPEG), id="baseline JPEG"),
        pytest.param(_header(Format.JPEG, coefficients=150_000_000), id="progressive JPEG 4:2:0"),
        pytest.param(_header(Format.JPEG, coefficients=200_000_000), id="progressive JPEG 4:2:2"),
        pytest.param(_header(Format.PNG, colour=PngColour.RGB), id="PNG"),
        pytest.param(
            _header(Format.PNG, colour=PngColour.RGB_ALPHA, channels=4, bits=16, alpha=True), id="PNG RGBA 16"
        ),
        pytest.param(_header(Format.PNG, colour=PngColour.RGB, interlaced=True), id="interlaced PNG"),
        pytest.param(_header(Format.WEBP), id="WebP"),
        pytest.param(_header(Format.WEBP, alpha=True), id="WebP with alpha"),
        pytest.param(_header(Format.WEBP, lossless=True), id="lossless WebP"),
        pytest.param(_header(Format.TIFF), id="TIFF"),
        pytest.param(_header(Format.GIF, 75, channels=1, alpha=True), id="GIF"),
        pytest.param(_header(Format.AVIF, 40, channels=1.5), id="40 megapixels of AVIF"),
        pytest.param(_header(Format.BMP, 90, bits=24), id="90 megapixels of BMP"),
    ],
)
def test_what_fits_into_512_mb_is_not_refused(header: Header) -> None:
    assert _fits(header)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(_header(Format.JPEG, coefficients=300_000_000), id="progressive JPEG 4:4:4"),
        pytest.param(_header(Format.JPEG, 130, lossless=True), id="lossless JPEG, which has no scales"),
        pytest.param(
            _header(Format.PNG, colour=PngColour.RGB_ALPHA, channels=4, bits=16, alpha=True, interlaced=True),
            id="interlaced PNG RGBA 16",
        ),
        pytest.param(_header(Format.WEBP, animated=True), id="animated WebP"),
        pytest.param(_header(Format.TIFF, tiled=True, block_bytes=300_000_000), id="TIFF of one tile"),
        pytest.param(_header(Format.TIFF, metadata_bytes=300_000_000), id="TIFF whose tags share bytes"),
        pytest.param(_header(Format.AVIF, 60, channels=1.5), id="60 megapixels of AVIF"),
        pytest.param(_header(Format.AVIF, 40, channels=3, bits=10), id="40 megapixels of deep AVIF"),
        pytest.param(_header(Format.BMP, 120, bits=24), id="120 megapixels of BMP"),
    ],
)
def test_what_does_not_fit_into_512_mb_is_refused(header: Header) -> None:
    assert not _fits(header)


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in READABLE])
def test_no_ordinary_picture_is_refused_at_any_size(entry: Picture) -> None:
    data = entry.data()
    header = read_header(data, max_pixels=100_000_000)

    engine_for("auto", header, _auto(16), file_bytes=len(data), size=_SIZE)


def test_the_file_itself_counts() -> None:
    interlaced = _header(Format.PNG, colour=PngColour.RGB, interlaced=True)

    assert _fits(interlaced, file_mb=50)
    assert not _fits(interlaced, file_mb=280)


def test_auto_takes_the_other_engine_where_only_that_has_room() -> None:
    deep = _header(Format.PNG, colour=PngColour.RGB, bits=16, interlaced=True)

    assert preferred(deep)[0] == "vips"
    assert choose_decoder(preferred(deep), deep, _auto(512), file_bytes=_MB, size=_SIZE) == "pillow"
    with pytest.raises(TooMuchMemoryError):
        choose_decoder(["vips"], deep, _auto(512), file_bytes=_MB, size=_SIZE)


def test_outside_lambda_nothing_is_refused_for_its_memory() -> None:
    header = _header(Format.JPEG, coefficients=10**12)
    nowhere = Memory(limit_bytes=None, rest_bytes=REST_BYTES["auto"])

    assert choose_decoder(preferred(header), header, nowhere, file_bytes=10**12, size=_SIZE) == "pillow"
    nowhere.admit_file(10**12)


def test_a_refusal_says_what_it_takes_what_there_is_and_what_to_change() -> None:
    data = blank_jpeg(10_000, 10_000)
    header = read_header(data, max_pixels=100_000_000)

    with pytest.raises(TooMuchMemoryError) as raised:
        engine_for("auto", header, _auto(512), file_bytes=len(data), size=_SIZE)

    assert str(raised.value) == (
        "expected a picture that fits into 512 MB, got a progressive JPEG of 10000x10000, which takes about "
        "655 MB; save it as a baseline JPEG, upload a smaller one or raise MemorySize"
    )
    assert raised.value.type == "TooMuchMemory"


def test_a_file_is_refused_by_its_size_alone() -> None:
    with pytest.raises(
        TooMuchMemoryError, match=r"got a file of 500,000,000 bytes, .* upload a smaller file"
    ):
        _auto(512).admit_file(500_000_000)
    _auto(512).admit_file(400_000_000)


@pytest.mark.parametrize(
    ("factors", "coefficients"),
    [
        pytest.param([(1, 1)] * 3, 3 * 64 * 13 * 7, id="4:4:4"),
        # 7 x 4 units of 16 x 16 pixels, in each 4 blocks of the first component and one of each other.
        pytest.param([(2, 2), (1, 1), (1, 1)], 6 * 64 * 7 * 4, id="4:2:0"),
        pytest.param([(2, 1), (1, 1), (1, 1)], 4 * 64 * 7 * 7, id="4:2:2"),
        pytest.param([(1, 1)] * 4, 4 * 64 * 13 * 7, id="CMYK"),
        pytest.param([(1, 1)], 64 * 13 * 7, id="grey"),
    ],
)
def test_the_coefficients_of_a_jpeg_are_counted_in_whole_blocks(
    factors: list[tuple[int, int]], coefficients: int
) -> None:
    header = read_header(blank_jpeg(100, 50, factors=factors), max_pixels=10_000)

    assert header.coefficients == coefficients


def test_a_baseline_jpeg_in_several_scans_is_held_like_a_progressive_one() -> None:
    header = read_header(blank_jpeg(100, 50, progressive=False), max_pixels=10_000)

    assert not header.interlaced
    assert header.coefficients == 3 * 64 * 13 * 7


@pytest.mark.parametrize("progressive", [True, False])
def test_a_blank_jpeg_is_one_that_decoders_take(*, progressive: bool) -> None:
    data = blank_jpeg(101, 53, factors=((2, 2), (1, 1), (1, 1)), progressive=progressive)

    with Image.open(io.BytesIO(data)) as image:
        assert image.convert("RGB").getcolors() == [(101 * 53, (128, 128, 128))]


def test_a_baseline_jpeg_in_one_scan_flows() -> None:
    file = io.BytesIO()
    Image.new("RGB", (100, 50)).save(file, "JPEG")

    assert read_header(file.getvalue(), max_pixels=10_000).coefficients == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"lossless": True}, (False, False, True), id="lossless"),
        pytest.param({}, (True, False, False), id="alpha"),
        pytest.param({"lossless": True, "exact": True}, (False, False, True), id="lossless and exact"),
    ],
)
def test_a_webps_coding_is_read(options: dict[str, bool], expected: tuple[bool, bool, bool]) -> None:
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGBA").save(file, "WEBP", **options)
    if not options:
        file = io.BytesIO()
        picture = Image.new("RGBA", (64, 64))
        picture.putalpha(Image.linear_gradient("L").resize((64, 64)))
        picture.save(file, "WEBP")
    header = read_header(file.getvalue(), max_pixels=100_000)

    assert (header.alpha, header.animated, header.lossless) == expected


@pytest.mark.integration
def test_memory_is_given_back_by_libc() -> None:
    # In a process of its own: it changes how the process allocates.
    code = (
        "from resizer.memory import give_back, _resident_bytes\n"
        "blocks = [b'x' * (100_000 + number) for number in range(500)]\n"
        "before = _resident_bytes()\n"
        "last = blocks[-1]; del blocks\n"
        "give_back()\n"
        "print(before - _resident_bytes())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=_PROJECT, capture_output=True, text=True, check=True
    )

    assert int(done.stdout) > 40_000_000
