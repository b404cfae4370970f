"""Several sizes of one picture: each as if it had been made alone."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from types import ModuleType

import pytest
from PIL import Image

from fixtures.pictures import picture
from fixtures.similarity import assert_similar
from resizer.pipeline import Rendered, Stopwatch, render
from resizer.settings import EngineName, Settings
from resizer.sizes import Size
from tests.resizer.conftest import Log, MemoryStorage, notification

_FURTHER = (
    Size(name="medium", pixels=300, prefix="resized/medium/"),
    Size(name="tiny", pixels=40, prefix="resized/tiny/"),
)


def _render(
    name: str, engine: EngineName = "auto", *, size: int = 150, further: tuple[Size, ...] = ()
) -> Rendered:
    settings = Settings(bucket_name="photos", effort=0, engine=engine, size=size, further_sizes=further)
    return render(memoryview(picture(name).data()), settings=settings, watch=Stopwatch())


@pytest.mark.parametrize("engine", ["auto", "pillow", "vips"])
@pytest.mark.parametrize(
    "name",
    ["photo-smooth.jpg", "orientation-6.jpg", "png-8-bit.png", "png-alpha.png", "cmyk.jpg", "tiny-1x1.png"],
)
def test_each_size_looks_as_if_it_had_been_made_alone(name: str, engine: EngineName) -> None:
    rendered = _render(name, engine, further=_FURTHER)

    assert list(rendered.files) == ["thumbnail", "medium", "tiny"]
    for size, pixels in (("thumbnail", 150), ("medium", 300), ("tiny", 40)):
        alone = _render(name, engine, size=pixels)
        with (
            Image.open(io.BytesIO(rendered.files[size])) as image,
            Image.open(io.BytesIO(alone.data)) as expected,
        ):
            assert image.size == (pixels, pixels)
            assert_similar(image, expected, tolerance=5.0)


def test_the_largest_size_is_the_same_to_the_byte_as_made_alone() -> None:
    rendered = _render("photo-smooth.jpg", further=_FURTHER)

    assert rendered.files["medium"] == _render("photo-smooth.jpg", size=300).data


def test_the_answer_and_the_log_name_further_sizes(
    handler: ModuleType, storage: MemoryStorage, settings: Settings, log: Log
) -> None:
    key = storage.upload("a.jpg", picture("grey.jpg").data())
    log.lines()
    answer = handler.serve(
        notification(key), settings=replace(settings, further_sizes=_FURTHER), storage=storage
    )

    body = json.loads(answer["body"])
    (line,) = log.lines()
    assert body["thumbnail"] == "members/profile/resized/thumbnail/a.webp"
    assert body["sizes"] == line["sizes"]
    assert body["sizes"]["medium"]["key"] == "resized/medium/a.webp"
    assert body["sizes"]["medium"]["size"] == "300x300"
    assert body["sizes"]["medium"]["bytes"] == len(storage.thumbnails["resized/medium/a.webp"][0])


def test_the_thumbnail_is_written_last(
    handler: ModuleType, storage: MemoryStorage, settings: Settings
) -> None:
    key = storage.upload("a.jpg", picture("grey.jpg").data())
    handler.serve(notification(key), settings=replace(settings, further_sizes=_FURTHER), storage=storage)

    assert [*storage.thumbnails][-1] == "members/profile/resized/thumbnail/a.webp"
    assert len(storage.thumbnails) == 3


def test_without_further_sizes_the_answer_is_the_contract_s(
    handler: ModuleType, storage: MemoryStorage, settings: Settings
) -> None:
    key = storage.upload("a.jpg", picture("grey.jpg").data())

    body = json.loads(handler.serve(notification(key), settings=settings, storage=storage)["body"])

    assert set(body) == {"original", "thumbnail", "size", "originalSize", "thumbnailSize"}
