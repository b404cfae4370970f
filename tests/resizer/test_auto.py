"""Which engine `auto` takes for which header."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from resizer.engines.auto import preferred
from resizer.formats import Format
from resizer.header import Header, PngColour

_PROJECT = Path(__file__).parents[2]


def _header(kind: Format, megapixels: float, **traits: object) -> Header:
    return Header(format=kind, width=1000, height=int(megapixels * 1000), **traits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "engine"),
    [
        pytest.param(_header(Format.JPEG, 100), "pillow", id="JPEG of any size"),
        pytest.param(_header(Format.JPEG, 100, interlaced=True), "pillow", id="progressive JPEG of any size"),
        pytest.param(_header(Format.AVIF, 60), "pillow", id="AVIF of any size"),
        pytest.param(_header(Format.BMP, 60), "pillow", id="BMP, which libvips does not read"),
        pytest.param(_header(Format.PNG, 0.05, colour=PngColour.RGB), "pillow", id="small PNG"),
        pytest.param(_header(Format.PNG, 12, colour=PngColour.RGB), "vips", id="PNG"),
        pytest.param(_header(Format.PNG, 1, colour=PngColour.GREY), "pillow", id="small grey PNG"),
        pytest.param(_header(Format.PNG, 2, colour=PngColour.PALETTE), "pillow", id="small palette PNG"),
        pytest.param(_header(Format.PNG, 12, colour=PngColour.GREY, bits=1), "pillow", id="1-bit PNG"),
        pytest.param(
            _header(Format.PNG, 12, colour=PngColour.RGB, interlaced=True), "pillow", id="Adam7 PNG"
        ),
        pytest.param(_header(Format.WEBP, 1), "pillow", id="small WebP"),
        pytest.param(_header(Format.WEBP, 12), "vips", id="WebP"),
        pytest.param(_header(Format.TIFF, 3), "vips", id="plain TIFF"),
        pytest.param(_header(Format.TIFF, 3, compression=5), "pillow", id="LZW TIFF"),
        pytest.param(_header(Format.TIFF, 1.5, compression=8), "vips", id="deflated TIFF"),
        pytest.param(_header(Format.GIF, 12), "pillow", id="GIF"),
    ],
)
def test_the_faster_engine_is_taken(header: Header, engine: str) -> None:
    assert preferred(header)[0] == engine


@pytest.mark.parametrize(
    "header",
    [
        _header(Format.PNG, 40, interlaced=True, colour=PngColour.RGB_ALPHA),
        _header(Format.PNG, 40, bits=1, colour=PngColour.GREY),
        _header(Format.TIFF, 40, compression=7),
        _header(Format.GIF, 40),
    ],
)
def test_what_would_not_fit_into_memory_goes_to_libvips(header: Header) -> None:
    assert preferred(header)[0] == "vips"


@pytest.mark.integration
@pytest.mark.parametrize(("engine", "imported"), [("auto", False), ("pillow", False), ("vips", True)])
def test_a_cold_start_imports_libvips_only_where_every_picture_needs_it(
    engine: str, *, imported: bool
) -> None:
    code = (
        "import sys, resizer.handler\n"
        "assert not {'boto3', 'PIL.TiffImagePlugin', 'PIL.ImageCms'} & set(sys.modules)\n"
        "print('pyvips' in sys.modules)"
    )
    environment = {"BUCKET_NAME": "photos", "AWS_REGION": "eu-central-1", "RESIZER_ENGINE": engine}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=_PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    # Before it stands what the handler says of its settings.
    assert done.stdout.splitlines()[-1] == str(imported)
