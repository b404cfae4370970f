"""What the engines make of each picture of the catalogue, and of pictures that are broken."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fixtures.pictures import READABLE, Picture, picture
from fixtures.similarity import assert_similar, distance
from resizer.engines import engine_for
from resizer.errors import DamagedImageError
from resizer.formats import Format, OutputFormat
from resizer.header import read_header
from resizer.memory import Memory
from resizer.settings import EngineName
from resizer.switches import Encoding

_SIZE = 150
_MEMORY = Memory(limit_bytes=None, rest_bytes=0)
_FAST = Encoding(format=OutputFormat.WEBP, quality=85, effort=0)
_PIXELS = Encoding(format=OutputFormat.WEBP, quality=100, effort=0)

every_engine = pytest.mark.parametrize("name", ["pillow", "vips", "auto"])
both_engines = pytest.mark.parametrize("name", ["pillow", "vips"])

_ONE_OF_EACH = {
    "photo-smooth.jpg": Format.JPEG,
    "progressive.jpg": Format.JPEG,
    "cmyk.jpg": Format.JPEG,
    "png-8-bit.png": Format.PNG,
    "png-interlaced.png": Format.PNG,
    "png-palette.png": Format.PNG,
    "gif-animated.gif": Format.GIF,
    "webp-lossy.webp": Format.WEBP,
    "webp-lossless-alpha.webp": Format.WEBP,
    "tiff-lzw.tiff": Format.TIFF,
    "bmp.bmp": Format.BMP,
    "avif.avif": Format.AVIF,
}


def _encoded(data: bytes, name: EngineName, encoding: Encoding = _FAST, size: int = _SIZE) -> bytes:
    header = read_header(data, max_pixels=10**9)
    engine = engine_for(name, header, _MEMORY, file_bytes=0, size=_SIZE)
    return engine.decode(memoryview(data), header, size).resize(size).encode(encoding)


def _thumbnail(data: bytes, name: EngineName, encoding: Encoding = _FAST, size: int = _SIZE) -> Image.Image:
    return Image.open(io.BytesIO(_encoded(data, name, encoding, size)))


def _file(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@every_engine
@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in READABLE])
def test_a_thumbnail_looks_as_expected(entry: Picture, name: EngineName) -> None:
    thumbnail = _thumbnail(entry.data(), name)

    assert thumbnail.size == (_SIZE, _SIZE)
    assert thumbnail.mode == ("RGBA" if entry.alpha else "RGB")
    with Image.open(entry.expected_path()) as expected:
        assert_similar(thumbnail, expected, tolerance=entry.tolerance)


@pytest.mark.parametrize("output", list(OutputFormat))
@every_engine
def test_nothing_but_pixels_is_in_a_thumbnail(name: EngineName, output: OutputFormat) -> None:
    encoding = Encoding(format=output, quality=85, effort=0)
    for source in ("gps.jpg", "wide-gamut-p3.jpg", "orientation-6.jpg"):
        data = _encoded(picture(source).data(), name, encoding)

        assert not {"exif", "xmp", "icc_profile", "comment"} & set(Image.open(io.BytesIO(data)).info)
        for trace in (b"Exif", b"EXIF", b"http://ns.adobe.com/xap", b"XMP ", b"ICCP", b"ICC_PROFILE"):
            assert trace not in data


@both_engines
def test_all_eight_orientations_give_the_same_picture(name: EngineName) -> None:
    thumbnails = [
        _thumbnail(picture(f"orientation-{number}.jpg").data(), name, _PIXELS) for number in range(1, 9)
    ]

    for thumbnail in thumbnails[1:]:
        assert_similar(thumbnail, thumbnails[0], tolerance=1.5)


@both_engines
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_the_orientation_counts_in_other_formats_too(kind: str, name: EngineName) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(picture("png-8-bit.png").path()) as source:
        turned = source.convert("RGB").transpose(Image.Transpose.ROTATE_90)
        upright = _thumbnail(_file(source, "PNG"), name, _PIXELS)

    assert_similar(_thumbnail(_file(turned, kind, exif=exif), name), upright)


@both_engines
@pytest.mark.parametrize("size", [(1, 1), (10_000, 3), (3, 10_000), (151, 149), (75, 4000)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_any_shape_is_enlarged_or_cropped_to_the_square(
    kind: str, size: tuple[int, int], name: EngineName
) -> None:
    thumbnail = _thumbnail(_file(Image.new("RGB", size, (200, 40, 90)), kind), name)

    assert thumbnail.size == (_SIZE, _SIZE)
    assert_similar(thumbnail, Image.new("RGB", (_SIZE, _SIZE), (200, 40, 90)))


@both_engines
@pytest.mark.parametrize("size", [1, 2, 64, 333, 1024])
def test_every_size_that_may_be_set_is_made(size: int, name: EngineName) -> None:
    for source in ("photo-smooth.jpg", "png-alpha.png", "webp-lossy.webp"):
        assert _thumbnail(picture(source).data(), name, size=size).size == (size, size)


@both_engines
def test_hidden_colour_does_not_bleed_through_an_edge(name: EngineName) -> None:
    image = Image.new("RGBA", (600, 600), (255, 0, 255, 0))
    image.paste((0, 200, 0, 255), (0, 0, 301, 600))
    thumbnail = _thumbnail(
        _file(image, "PNG"), name, Encoding(format=OutputFormat.WEBP, quality=100, effort=0)
    )

    visible = [pixel for pixel in _pixels(thumbnail) if pixel[3] > 40]
    assert max(pixel[0] for pixel in visible) < 40


def _pixels(image: Image.Image) -> list[tuple[int, ...]]:
    data = image.convert("RGBA").tobytes()
    return [tuple(data[at : at + 4]) for at in range(0, len(data), 4)]


@both_engines
def test_a_jpeg_thumbnail_shows_white_where_nothing_is(name: EngineName) -> None:
    image = Image.new("RGBA", (200, 200), (10, 20, 30, 0))
    thumbnail = _thumbnail(
        _file(image, "PNG"), name, Encoding(format=OutputFormat.JPEG, quality=90, effort=0)
    )

    assert thumbnail.convert("RGB").getpixel((75, 75)) == (255, 255, 255)


@both_engines
@pytest.mark.parametrize("level", [0, 1000, 30_000, 65_535])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_cut_off(kind: str, level: int, name: EngineName) -> None:
    image = Image.frombytes("I;16", (200, 200), level.to_bytes(2, "little") * 40_000)
    thumbnail = _thumbnail(_file(image, kind), name)

    grey = thumbnail.convert("L").getpixel((75, 75))
    assert isinstance(grey, int)
    assert abs(grey - level / 257) <= 3


@both_engines
@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
def test_every_kind_of_png_pixel_is_read(mode: str, name: EngineName) -> None:
    with Image.open(picture("png-8-bit.png").path()) as source:
        converted = source.convert("L").convert(mode) if mode in {"1", "LA"} else source.convert(mode)
    thumbnail = _thumbnail(_file(converted, "PNG"), name)

    expected = converted.convert("RGBA").resize((_SIZE, _SIZE), Image.Resampling.BOX, box=(80, 0, 560, 480))
    assert_similar(thumbnail, expected, tolerance=6.0)


@both_engines
def test_a_colour_key_is_transparent(name: EngineName) -> None:
    image = Image.new("RGB", (200, 200), (1, 2, 3))
    thumbnail = _thumbnail(_file(image, "PNG", transparency=(1, 2, 3)), name)

    assert thumbnail.convert("RGBA").getchannel("A").getextrema() == (0, 0)


@both_engines
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_a_cmyk_tiff_is_converted_by_the_plain_formula(compression: str | None, name: EngineName) -> None:
    image = Image.new("CMYK", (200, 200), (255, 51, 0, 102))
    thumbnail = _thumbnail(_file(image, "TIFF", compression=compression), name)

    # R = 255 (1 - 1) (1 - 0.4), G = 255 (1 - 0.2) (1 - 0.4), B = 255 (1 - 0) (1 - 0.4)
    assert_similar(thumbnail, Image.new("RGB", (_SIZE, _SIZE), (0, 122, 153)))


@both_engines
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_damaged_profile_is_passed_over(kind: str, name: EngineName) -> None:
    image = Image.new("RGB", (200, 200), (200, 40, 90))
    thumbnail = _thumbnail(_file(image, kind, icc_profile=b"no profile" * 20), name)

    assert_similar(thumbnail, Image.new("RGB", (_SIZE, _SIZE), (200, 40, 90)))


@every_engine
@pytest.mark.parametrize("percent", [5, 30, 60, 95])
@pytest.mark.parametrize("source", _ONE_OF_EACH)
def test_a_file_cut_short_is_damage(source: str, percent: int, name: EngineName) -> None:
    data = picture(source).data()

    with pytest.raises(
        DamagedImageError, match=f"expected a whole {_ONE_OF_EACH[source]}, got a damaged one"
    ):
        _encoded(data[: len(data) * percent // 100], name)


@every_engine
@pytest.mark.parametrize("source", ["png-8-bit.png", "png-interlaced.png", "tiff-lzw.tiff"])
def test_changed_bytes_are_damage_where_the_format_can_tell(source: str, name: EngineName) -> None:
    data = bytearray(picture(source).data())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)

    with pytest.raises(DamagedImageError):
        _encoded(bytes(data), name)


@both_engines
def test_a_decoder_gets_no_more_pixels_than_were_checked(name: EngineName) -> None:
    data = picture("png-8-bit.png").data()
    header = read_header(_file(Image.new("RGB", (20, 20)), "PNG"), max_pixels=1000)

    with pytest.raises(DamagedImageError, match="more pixels than its header says"):
        engine_for(name, header, _MEMORY, file_bytes=0, size=_SIZE).decode(memoryview(data), header, _SIZE)


def test_libvips_hands_to_pillow_what_it_does_not_read() -> None:
    header = read_header(picture("bmp.bmp").data(), max_pixels=10**9)

    assert engine_for("vips", header, _MEMORY, file_bytes=0, size=_SIZE).name == "pillow"


def test_both_engines_agree_on_a_photo() -> None:
    data = picture("reference.jpg").data()

    assert distance(_thumbnail(data, "pillow"), _thumbnail(data, "vips")) < 3


def test_auto_writes_what_libvips_read_by_pillow() -> None:
    data = picture("png-8-bit.png").data()
    header = read_header(data, max_pixels=10**9)
    assert engine_for("auto", header, _MEMORY, file_bytes=0, size=_SIZE).name == "vips"

    assert distance(_thumbnail(data, "auto", _PIXELS), _thumbnail(data, "vips", _PIXELS)) < 0.5
