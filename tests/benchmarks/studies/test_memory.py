"""The table of what large pictures take."""

from __future__ import annotations

import click
import pytest

from benchmarks.studies.memory import MeasuredKind, _chosen, _estimate, _markdown
from fixtures.images.encode import blank_jpeg
from fixtures.images.kinds import KINDS

_MB = 2**20


def _measured(outcome: str) -> MeasuredKind:
    return MeasuredKind(
        kind="PNG, interlaced",
        file_bytes=35 * _MB,
        decoder="vips",
        estimated_bytes=400 * _MB,
        peak_bytes=380 * _MB,
        outcome=outcome,
        cpu_seconds=1.25,
    )


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("success", "thumbnail"),
        ("refused: TooMuchMemory", "refused"),
        ("refused: DamagedImage", "refused: DamagedImage"),
        ("out of memory", "out of memory"),
    ],
)
def test_a_refusal_for_memory_is_an_outcome_of_its_own(outcome: str, words: str) -> None:
    row = _markdown([_measured(outcome)], 512).splitlines()[-1]

    assert row == f"| PNG, interlaced | 35 MB | vips | 400 MB | 380 MB | 1.05 | {words} | 1.2 s |"


def test_kinds_are_chosen_by_a_part_of_their_names() -> None:
    assert _chosen([]) == list(KINDS)
    assert set(_chosen(["GIF", "10 bits"])) == {"GIF", "GIF, transparent", "AVIF, 10 bits"}
    with pytest.raises(click.BadParameter, match="no kind has 'HEIC' in its name"):
        _chosen(["HEIC"])


def test_the_estimate_is_that_of_the_engine_the_function_takes() -> None:
    decoder, estimated_bytes = _estimate(blank_jpeg(4000, 4000), 512)

    assert decoder == "pillow"
    # 16 million pixels, three coefficients each, of two bytes; and the function at rest.
    assert estimated_bytes == pytest.approx(3 * 2 * 16_000_000 + 64 * _MB, rel=0.04)
