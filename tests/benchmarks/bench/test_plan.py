from __future__ import annotations

from pathlib import Path

import click
import pytest
from PIL import Image

from benchmarks.bench.contenders import CONTENDERS, UnknownContenderError, choose
from benchmarks.bench.plan import NotAPhotoFolderError, bench_pictures, parse_sizes
from fixtures.pictures import READABLE


def test_memory_sizes_are_sorted_and_each_is_taken_once() -> None:
    assert parse_sizes("512,128,512") == [128, 512]


@pytest.mark.parametrize("text", ["", "much", "64", "512,20000"])
def test_memory_sizes_that_lambda_does_not_have_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected sizes from 128 to 10240"):
        parse_sizes(text)


def test_without_a_choice_every_readable_picture_is_measured() -> None:
    assert [picture.name for picture in bench_pictures([], None, quick=False)] == [p.name for p in READABLE]


def test_an_unknown_picture_is_reported() -> None:
    with pytest.raises(click.BadParameter, match=r"no picture nobody\.jpg"):
        bench_pictures(["nobody.jpg"], None, quick=False)


def test_of_a_person_s_folder_the_pictures_are_taken_and_the_rest_is_left(tmp_path: Path) -> None:
    Image.new("RGB", (4, 3)).save(tmp_path / "me.png")
    (tmp_path / "notes.txt").write_text("no picture")

    assert [picture.name for picture in bench_pictures([], tmp_path, quick=False)] == ["me.png"]


def test_a_folder_without_pictures_is_reported(tmp_path: Path) -> None:
    with pytest.raises(NotAPhotoFolderError, match="found no picture in it"):
        bench_pictures([], tmp_path, quick=False)
    with pytest.raises(NotAPhotoFolderError, match="found no such folder"):
        bench_pictures([], tmp_path / "nothing", quick=False)


def test_without_a_choice_all_contenders_take_part() -> None:
    assert choose([]) == list(CONTENDERS.values())


def test_a_function_folder_is_a_contender_too(tmp_path: Path) -> None:
    (spec,) = choose([str(tmp_path)])

    assert (spec.name, spec.folder) == (tmp_path.name, tmp_path)


def test_an_unknown_contender_is_reported() -> None:
    with pytest.raises(
        UnknownContenderError, match="expected one of pillow-first-try, pillow, vips, auto, sharp"
    ):
        choose(["imagemagick"])
