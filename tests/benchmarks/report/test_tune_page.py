"""What the report of a sweep says and shows."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.report.base import MissingThumbnailError
from benchmarks.report.tune_findings import tune_findings
from benchmarks.report.tune_page import write_tune_report
from benchmarks.tuning.results import read
from harness.files import UnreadableFileError
from tests.benchmarks.report.tune_sample import PICK, SLOW, TODAY, store, tune_sample


def _said(topic: str) -> str:
    return next(one.text for one in tune_findings(tune_sample()).statements if one.topic == topic)


def test_the_headline_says_what_the_pick_is_worth() -> None:
    assert tune_findings(tune_sample()).headline == (
        f"{PICK}: 20.0 % fewer bytes than {TODAY}, +1.00 points of SSIMULACRA2, 0.60 times its encode CPU."
    )


def test_a_sweep_that_found_nothing_better_says_so() -> None:
    found = tune_findings(replace(tune_sample(), pick=TODAY, rest=[]))

    assert found.headline == f"Nothing that was tried beats today's setting, {TODAY}."


def test_single_pictures_are_listed_from_the_worst_to_the_best() -> None:
    assert _said("Single pictures") == (
        "From -3.00 points and -20.0 % bytes at face.jpg"
        " to +5.00 points and -20.0 % bytes at day & <night>.jpg."
    )


def test_the_rest_stands_apart() -> None:
    assert _said("The rest") == (
        "1 readable fixture that are not photos, not tuned for: +11.1 % bytes, +1.00 points in the mean."
    )


def test_the_exact_variables_are_named() -> None:
    assert _said("To apply") == "THUMBNAIL_FORMAT=webp, THUMBNAIL_QUALITY=76, THUMBNAIL_EFFORT=5."


def test_savings_and_what_more_cpu_would_buy_are_given() -> None:
    assert _said("Savings").startswith("1,000 bytes a thumbnail, 0.50 USD a month: 0.50 of delivery")
    assert _said("For more CPU").startswith(f"{SLOW}: -30.0 % bytes, +0.00 points, 8.00 times the CPU")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    assert read(store(tune_sample(), tmp_path / "run")) == tune_sample()


@pytest.mark.parametrize("content", ["not json", '{"format": "thumbrig-tune/0"}'])
def test_results_of_another_format_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)

    with pytest.raises(UnreadableFileError, match="expected results of format thumbrig-tune/1"):
        read(path)


def test_a_missing_thumbnail_is_named(tmp_path: Path) -> None:
    path = store(tune_sample(), tmp_path / "run")
    (path.parent / "1.pick.webp").unlink()

    with pytest.raises(MissingThumbnailError, match=r"1\.pick\.webp"):
        write_tune_report(path, tmp_path / "report")


class Page(HTMLParser):
    """What the tests look at in a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.labels: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what pictures are called."""
        named = dict(attrs)
        if tag == "span" and named.get("role") == "img":
            self.labels.append(str(named["aria-label"]))


def test_every_picture_is_shown_side_by_side_with_its_difference_at_1x_and_4x(tune_page: Path) -> None:
    labels = Page(tune_page).labels

    for name in ("day & <night>.jpg", "face.jpg", "alpha.png"):
        for kind in ("today's", "the pick", "lossless", "today's error", "the pick's error"):
            assert f"{name}, {kind}" in labels
        large = [label for label in labels if label.startswith(name) and "4 times as large" in label]
        assert len(large) == 4


def test_names_are_escaped(tune_page: Path) -> None:
    text = tune_page.read_text()

    assert "day &amp; &lt;night&gt;.jpg" in text
    assert "<night>" not in text
    assert "a &lt;machine&gt;" in text


def test_the_plots_are_files_too(tune_page: Path) -> None:
    for name in ("bytes-and-score.png", "cpu-and-bytes.png"):
        with Image.open(tune_page.parent / name) as plot:
            assert min(plot.size) > 500
