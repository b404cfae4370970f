"""What the encoders' switches do, each set on the one encoder that has it."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fixtures.pictures import picture
from fixtures.similarity import assert_similar
from resizer import engines
from resizer.engines import engine_for, libwebp
from resizer.engines.base import Small
from resizer.engines.pillow import PillowSmall
from resizer.engines.vips import VipsSmall
from resizer.errors import EncoderMissingError
from resizer.formats import OutputFormat
from resizer.header import read_header
from resizer.memory import Memory
from resizer.settings import EngineName
from resizer.switches import Encoding, Kernel, Preset, Subsampling, Switches, Tune

_ENOUGH = Memory(limit_bytes=None, rest_bytes=0)
_WEBP = Switches(sharp_yuv=True, preset=Preset.TEXT)
_AVIF = Switches(subsampling=Subsampling.ALL, tune=Tune.SSIM)
_JPEG = Switches(progressive=True, trellis=True, quant_table=3)

every_engine = pytest.mark.parametrize("engine", ["pillow", "vips", "auto"])
every_picture = pytest.mark.parametrize("name", ["photo-portrait.jpg", "png-alpha.png"])


def _small(engine: EngineName, name: str, kernel: Kernel = Kernel.LANCZOS3) -> Small:
    data = picture(name).data()
    header = read_header(data, max_pixels=10**9)
    decoder = engine_for(engine, header, _ENOUGH, file_bytes=len(data), size=150)
    return decoder.decode(memoryview(data), header, 150).resize(150, kernel)


def _encoding(output: OutputFormat, switches: Switches, quality: int = 80) -> Encoding:
    return Encoding(format=output, quality=quality, effort=4, switches=switches)


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@every_picture
def test_libwebp_called_directly_writes_what_pillow_writes(name: str) -> None:
    small = _small("pillow", name)
    assert isinstance(small, PillowSmall)
    encoding = _encoding(OutputFormat.WEBP, Switches())

    direct = libwebp.encode(small.image.mode, small.image.size, small.image.tobytes(), encoding)

    assert direct == small.encode(encoding)


@pytest.mark.parametrize("preset", list(Preset))
def test_the_switches_mean_what_they_mean_to_libvips(preset: Preset) -> None:
    small = _small("vips", "photo-portrait.jpg")
    assert isinstance(small, VipsSmall)
    switches = Switches(sharp_yuv=True, preset=preset, passes=2)

    ours = small.encode(_encoding(OutputFormat.WEBP, switches))

    options = {"smart_subsample": True, "preset": preset.value, "passes": 2}
    assert ours == small.image.webpsave_buffer(Q=80, effort=4, keep="none", **options)


@every_engine
@every_picture
@pytest.mark.parametrize(
    ("output", "switches"),
    [
        pytest.param(OutputFormat.WEBP, _WEBP, id="webp"),
        pytest.param(OutputFormat.WEBP, Switches(sns_strength=0, filter_strength=60), id="webp-strengths"),
        pytest.param(OutputFormat.WEBP, Switches(filter_sharpness=7), id="webp-sharpness"),
        pytest.param(OutputFormat.AVIF, _AVIF, id="avif"),
        pytest.param(OutputFormat.AVIF, Switches(tune=Tune.PSNR), id="avif-tune"),
        pytest.param(OutputFormat.JPEG, _JPEG, id="jpeg"),
        pytest.param(OutputFormat.JPEG, Switches(subsampling=Subsampling.ALL), id="jpeg-colour"),
    ],
)
def test_a_switch_changes_the_file_and_not_the_picture(
    output: OutputFormat, switches: Switches, name: str, engine: EngineName
) -> None:
    small = _small(engine, name)

    plain, switched = (small.encode(_encoding(output, choice, 85)) for choice in (Switches(), switches))

    assert plain != switched
    assert _open(plain).format == _open(switched).format
    assert _open(plain).mode == _open(switched).mode
    assert_similar(_open(switched), _open(plain), tolerance=6.0)


def test_alpha_is_lossless_unless_its_quality_is_set() -> None:
    small = _small("auto", "png-alpha.png")

    exact, coarse = (
        small.encode(_encoding(OutputFormat.WEBP, Switches(sharp_yuv=True, alpha_quality=quality)))
        for quality in (100, 10)
    )

    lossless = small.encode(_encoding(OutputFormat.WEBP, Switches(), 100))
    assert _open(exact).getchannel("A").tobytes() == _open(lossless).getchannel("A").tobytes()
    assert _open(coarse).getchannel("A").tobytes() != _open(lossless).getchannel("A").tobytes()


@every_engine
@pytest.mark.parametrize("kernel", list(Kernel))
@pytest.mark.parametrize("name", ["photo-busy.jpg", "png-alpha.png", "tiny-1x1.png"])
def test_every_kernel_makes_the_same_picture(name: str, kernel: Kernel, engine: EngineName) -> None:
    encoding = _encoding(OutputFormat.WEBP, Switches(), 100)

    thumbnail = _open(_small(engine, name, kernel).encode(encoding))

    assert_similar(thumbnail, _open(_small(engine, name).encode(encoding)), tolerance=5.0)


def test_kernels_differ() -> None:
    encoding = _encoding(OutputFormat.WEBP, Switches())
    for engine in ("pillow", "vips"):
        assert len({_small(engine, "photo-busy.jpg", kernel).encode(encoding) for kernel in Kernel}) == 3


def test_a_function_whose_encoder_is_missing_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libwebp, "_ABI_VERSION", 0x0901)
    libwebp.load.cache_clear()
    with pytest.raises(EncoderMissingError, match="set THUMBNAIL_PROFILE to 'reference'"):
        engines.prepare("auto", _encoding(OutputFormat.WEBP, _WEBP))
    engines.prepare("auto", _encoding(OutputFormat.WEBP, Switches()))
