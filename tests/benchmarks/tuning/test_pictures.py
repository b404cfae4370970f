from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.bench.plan import BenchPicture, NotAPhotoFolderError
from benchmarks.tuning.pictures import (
    UnreadablePictureError,
    lossless_pixels,
    pixels_to_encode,
    tuning_pictures,
)
from fixtures.pictures import READABLE, picture
from fixtures.similarity import distance
from resizer.switches import Kernel


def test_the_search_is_over_photos_and_the_rest_stays_apart() -> None:
    photos, rest = tuning_pictures(None, quick=False)

    assert {one.name for one in photos} == {entry.name for entry in READABLE if entry.photo_like}
    assert {one.name for one in [*photos, *rest]} == {entry.name for entry in READABLE}
    assert len(photos) >= 6


def test_a_person_s_own_folder_is_tuned_for_whole(tmp_path: Path) -> None:
    shutil.copy(picture("photo-dark.jpg").path(), tmp_path / "night.JPG")
    (tmp_path / "notes.txt").write_text("no picture")

    photos, rest = tuning_pictures(tmp_path, quick=False)

    assert ([one.name for one in photos], rest) == (["night.JPG"], [])


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_photos_is_refused(tmp_path: Path, *, made: bool) -> None:
    folder = tmp_path / "photos"
    if made:
        folder.mkdir()

    with pytest.raises(NotAPhotoFolderError, match="expected a folder with photos"):
        tuning_pictures(folder, quick=False)


def test_a_photo_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(picture("truncated.jpg").data())
    one = BenchPicture(name="broken.jpg", trait="", path=path)

    with pytest.raises(UnreadablePictureError, match=r"broken\.jpg: expected a picture") as scored:
        lossless_pixels(one)
    with pytest.raises(UnreadablePictureError, match=r"broken\.jpg: expected a picture") as encoded:
        pixels_to_encode(one, Kernel.LANCZOS3)

    assert "\n" not in str(scored.value) + str(encoded.value)


def test_the_lossless_thumbnail_is_the_same_whatever_the_kernel(pictures: list[BenchPicture]) -> None:
    (one, _) = pictures
    small = [pixels_to_encode(one, kernel) for kernel in Kernel]

    assert len({pixels.data for pixels in small}) == len(Kernel)
    assert all(distance(pixels.image(), lossless_pixels(one).image()) < 3 for pixels in small)
