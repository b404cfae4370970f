from __future__ import annotations

from dataclasses import replace

from benchmarks.bench.results import Results
from benchmarks.report.findings import Findings, bench_findings, memory_choice, wins


def _said(found: Findings, topic: str) -> str:
    return next((entry.text for entry in found.statements if entry.topic == topic), "")


def test_the_headline_gives_the_time_and_the_ratio_to_those_that_made_the_picture(sample: Results) -> None:
    found = bench_findings(sample)

    assert found.headline == (
        "auto makes the thumbnail of reference.jpg in 100 ms (p50) at 512 MB: 0.50 of pillow's time."
    )


def test_the_headline_says_when_ours_fails(sample: Results) -> None:
    picture = sample.pictures[0]
    failed = replace(picture.measurements[2], contender="auto")
    failing = replace(picture, measurements=[picture.measurements[0], failed])

    found = bench_findings(replace(sample, pictures=[failing]))

    assert found.headline == "auto does not make a thumbnail of reference.jpg at 512 MB: out of memory."


def test_the_peak_is_given_in_lambdas_megabytes(sample: Results) -> None:
    assert _said(bench_findings(sample), "Memory") == (
        "auto needs 60 MB at the peak on reference.jpg, of the 512 MB it has: 0.75 of pillow's peak."
    )


def test_a_cold_start_is_initialisation_and_first_invocation(sample: Results) -> None:
    assert _said(bench_findings(sample), "Cold start") == (
        "Initialisation and first invocation together: auto 310 ms, sharp 410 ms and pillow 510 ms (medians)."
    )


def test_the_memory_sizes_are_chosen_by_cost_time_and_their_product(sample: Results) -> None:
    choice = memory_choice(sample.sweep)

    assert choice is not None
    assert (choice.cheapest.memory_mb, choice.fastest.memory_mb) == (256, 1769)
    # 1.2 x 100 / (1.0 x 60) = 2.0; of 256 MB it is 3.7, of 1,769 MB 3.0.
    assert choice.balanced.memory_mb == 512


def test_of_equal_memory_sizes_the_smaller_is_chosen(sample: Results) -> None:
    point = sample.sweep[1]

    choice = memory_choice([replace(point, memory_mb=2048), point])

    assert choice is not None
    assert choice.fastest.memory_mb == 256


def test_a_size_at_which_it_failed_is_never_chosen(sample: Results) -> None:
    assert memory_choice(sample.sweep[:1]) is None


def test_a_contender_as_fast_as_the_fastest_wins_too(sample: Results) -> None:
    assert wins(sample) == {"auto": 1, "pillow": 1, "sharp": 1}


def test_alone_at_a_picture_nobody_wins(sample: Results) -> None:
    picture = sample.pictures[0]
    alone = replace(picture, measurements=picture.measurements[1:])

    assert not wins(replace(sample, pictures=[alone]))


def test_failures_are_listed_with_their_outcome(sample: Results) -> None:
    assert _said(bench_findings(sample), "Not made") == "sharp at reference.jpg (out of memory)."


def test_quality_is_compared_over_the_pictures_that_all_made(sample: Results) -> None:
    assert _said(bench_findings(sample), "Bytes and quality").startswith(
        "Means over the 1 picture that every scored contender made: auto 5,000 bytes at SSIMULACRA2 70.0"
    )


def test_nothing_is_claimed_about_what_was_not_measured(sample: Results) -> None:
    topics = {"Memory size", "Memory at rest", "Smallest memory"}
    without = replace(sample, sweep=[], soaks=[], smallest_memory=[])

    assert topics <= {entry.topic for entry in bench_findings(sample).statements}
    assert not topics & {entry.topic for entry in bench_findings(without).statements}


def test_a_soft_limiter_is_a_caution(sample: Results) -> None:
    soft = replace(sample, environment=replace(sample.environment, limiter_is_hard=False))

    assert not _said(bench_findings(sample), "Caution")
    assert "not enforced by the kernel" in _said(bench_findings(soft), "Caution")


def test_without_ours_the_verdict_is_about_the_fastest(sample: Results) -> None:
    others = [
        replace(picture, measurements=[e for e in picture.measurements if e.contender != "auto"])
        for picture in sample.pictures
    ]
    contenders = [entry for entry in sample.contenders if entry.name != "auto"]

    found = bench_findings(replace(sample, contenders=contenders, pictures=others))

    assert found.headline.startswith("pillow makes the thumbnail of reference.jpg in 200 ms")


def test_an_empty_run_says_so(sample: Results) -> None:
    found = bench_findings(
        replace(sample, contenders=[], pictures=[], sweep=[], soaks=[], smallest_memory=[])
    )

    assert found.headline == "Nothing was measured."
    assert found.statements == []
