from __future__ import annotations

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.bench.results import Results, write
from benchmarks.report.base import MissingThumbnailError
from benchmarks.report.page import bench_page as make_page
from benchmarks.report.page import write_bench_report
from harness.files import UnreadableFileError
from harness.plotting.images import preview
from harness.plotting.palette import PAGE

_PLOTS = ("all-pictures", "latency", "memory", "memory-cost", "quality", "soak")
_LOADING = {"src", "srcset", "href", "xlink:href", "data", "poster", "action"}


class _Page(HTMLParser):
    """Collects what a page loads, shows and is structured by."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.unnamed: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.loaded += [value for name, value in attrs if name in _LOADING and value]
        self.ids += [value for name, value in attrs if name == "id" and value]
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if (tag == "img" and not found.get("alt")) or (
            found.get("role") == "img" and not found.get("aria-label")
        ):
            self.unnamed.append(tag)


def test_the_page_loads_nothing_from_outside(bench_page: Path) -> None:
    text = bench_page.read_text()

    assert [value for value in _Page(text).loaded if not value.startswith(("data:", "#"))] == []
    assert re.findall(r"url\((?!data:|#)", text) == []
    assert "@import" not in text
    assert "script" not in _Page(text).tags


def test_every_picture_is_embedded_and_named(bench_page: Path) -> None:
    text = bench_page.read_text()

    assert text.count('<img src="data:image/webp;base64,') == 2
    assert text.count("{ --t: url(data:image/webp;base64,") == 5
    assert _Page(text).unnamed == []


def test_headings_descend_one_step_at_a_time(bench_page: Path) -> None:
    headings = _Page(bench_page.read_text()).headings

    assert headings[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings))


def test_no_id_is_given_twice(bench_page: Path) -> None:
    ids = _Page(bench_page.read_text()).ids

    assert len(ids) == len(set(ids))


def test_a_failure_is_shown_with_its_outcome(bench_page: Path) -> None:
    assert re.search(r'class="frame none failed">out of memory<', bench_page.read_text())


def test_texts_of_the_results_are_escaped(bench_page: Path) -> None:
    text = bench_page.read_text()

    assert "a machine &amp; its &lt;name&gt;" in text
    assert "<test>" not in text


def test_every_plot_is_a_file_beside_the_page_too(bench_page: Path) -> None:
    assert sorted(path.stem for path in bench_page.parent.glob("*.png")) == list(_PLOTS)


def test_plots_take_their_colours_from_the_page(bench_page: Path) -> None:
    drawings = re.findall(r"<svg.*?</svg>", bench_page.read_text(), flags=re.DOTALL)

    assert len(drawings) == len(_PLOTS)
    assert not [colour.name for colour in PAGE for drawing in drawings if colour.light in drawing]


def test_a_run_without_sweep_and_soak_has_no_plots_of_them(sample: Results, sample_path: Path) -> None:
    text = make_page(replace(sample, sweep=[], soaks=[]), sample_path.parent)

    assert "Memory size and cost" not in text
    assert "Many invocations" not in text


def test_an_empty_run_still_makes_a_page(sample: Results, tmp_path: Path) -> None:
    empty = replace(
        sample, contenders=[], pictures=[], sweep=[], soaks=[], smallest_memory=[], largest_pictures=[]
    )

    assert "Nothing was measured." in make_page(empty, tmp_path)


def test_a_run_in_which_nothing_succeeded_still_makes_a_page(sample: Results, sample_path: Path) -> None:
    failing = [
        replace(picture, measurements=[replace(picture.measurements[0], outcome="killed", duration_ms=[])])
        for picture in sample.pictures
    ]
    write(replace(sample, pictures=failing, sweep=sample.sweep[:1]), sample_path)

    assert "killed" in write_bench_report(sample_path, sample_path.parent / "out").read_text()


def test_a_missing_thumbnail_is_named(sample_path: Path, tmp_path: Path) -> None:
    (sample_path.parent / "small.png.auto.webp").unlink()

    with pytest.raises(MissingThumbnailError, match=r"small\.png\.auto\.webp: expected the thumbnail"):
        write_bench_report(sample_path, tmp_path / "out")


def test_results_of_another_format_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text('{"format": "other/9"}')

    with pytest.raises(UnreadableFileError, match="other/9"):
        write_bench_report(path, tmp_path / "out")


def test_an_original_is_shrunk_and_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (2000, 1000)).save(tmp_path / "turned.jpg", exif=exif)

    shown = preview(tmp_path / "turned.jpg")

    assert shown is not None
    assert (shown.width, shown.height) == (150, 300)


def test_an_original_that_nobody_can_read_has_no_preview(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("not a picture")

    assert preview(tmp_path / "text.jpg") is None
