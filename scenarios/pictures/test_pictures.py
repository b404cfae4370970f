"""Every trait a picture may have comes out upright, in the right colours and with its alpha."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from fixtures.pictures import READABLE, Picture
from fixtures.similarity import assert_similar
from harness.application import Application


@pytest.mark.parametrize("picture", [pytest.param(picture, id=picture.name) for picture in READABLE])
def test_a_picture_comes_out_right(application: Application, picture: Picture) -> None:
    """Each picture comes out right."""
    thumbnail = application.wait_until_ready(application.upload(picture.path(), picture.name))

    with Image.open(io.BytesIO(thumbnail.data)) as image, Image.open(picture.expected_path()) as expected:
        assert image.format == "WEBP"
        assert image.mode == ("RGBA" if picture.alpha else "RGB")
        assert_similar(image, expected, tolerance=picture.tolerance)
