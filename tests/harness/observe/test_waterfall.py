from __future__ import annotations

from pathlib import Path

from PIL import Image

from harness.observe.timeline import APPLICATION, BUCKET, Step, Timeline
from harness.observe.waterfall import waterfall


def _timeline(*steps: Step) -> Timeline:
    return Timeline(
        key="k",
        thumbnail_key="t",
        original_bytes=1,
        thumbnail_bytes=1,
        started_epoch_seconds=0.0,
        attempts=1,
        steps=steps,
        looks=(),
        errors=(),
        why_missing=None,
    )


_ACCEPTED = Step(name="accepted", clock=APPLICATION, start_ms=0.0, end_ms=20.0, precision_ms=0.0)
_STORED = Step(name="stored", clock=BUCKET, start_ms=-300.0, end_ms=-300.0, precision_ms=1000.0)
_SEEN = Step(name="seen", clock=APPLICATION, start_ms=100.0, end_ms=100.0, precision_ms=5.0)
_UNKNOWN = Step(name="event", clock=BUCKET, note="not observable")


def test_the_plot_says_in_words_what_it_shows_and_what_it_leaves_out() -> None:
    plot = waterfall("warm", _timeline(_ACCEPTED, _UNKNOWN, _STORED, _SEEN))

    assert plot.alt == "Bars of time: accepted 20 ms; seen at 100 ms"
    assert plot.caption.endswith("Not drawn: event, stored.")


def test_the_plot_is_drawn_as_a_file_and_for_a_page(tmp_path: Path) -> None:
    plot = waterfall("warm", _timeline(_ACCEPTED, _SEEN))

    with Image.open(plot.write_png(tmp_path)) as image:
        assert image.format == "PNG"
    assert plot.svg().startswith("<svg")
    assert "seen" in plot.svg()
