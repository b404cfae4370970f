"""The findings of a sweep in words."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.report.findings import Findings, Statement
from benchmarks.tuning.results import Candidate, PictureTrial, TuneResults
from harness.plotting import numbers


def tune_findings(results: TuneResults) -> Findings:
    """Say what was found, the most important first."""
    return Findings(headline=_headline(results), statements=list(_statements(results)))


def _headline(results: TuneResults) -> str:
    pick, today = results.candidate(results.pick), results.candidate(results.today)
    if pick.label == today.label:
        return f"Nothing that was tried beats today's setting, {today.label}."
    change = 100 * (pick.mean_bytes / today.mean_bytes - 1)
    return (
        f"{pick.label}: {abs(change):.1f} % {'fewer' if change <= 0 else 'more'} bytes than {today.label},"
        f" {_points(pick.mean_ssimulacra2 - today.mean_ssimulacra2)} of SSIMULACRA2,"
        f" {pick.cpu_ratio:.2f} times its encode CPU."
    )


def _statements(results: TuneResults) -> Iterator[Statement]:
    yield Statement(topic="Aim", text=f"{results.aim_text[:1].upper()}{results.aim_text[1:]}.")
    yield Statement(topic="Savings", text=_savings(results))
    yield Statement(topic="To apply", text=", ".join(_variables(results)) + ".")
    for output, label in results.best.items():
        if label != results.pick:
            yield Statement(topic=f"Best {output}", text=_against(results, label))
    for label in results.more_cpu:
        yield Statement(topic="For more CPU", text=_against(results, label))
    yield Statement(topic="Single pictures", text=_extremes(results))
    if results.rest:
        yield Statement(topic="The rest", text=_rest(*results.rest))
    yield Statement(topic="The gate will say", text=f"{results.forecast[:1].upper()}{results.forecast[1:]}.")


def _savings(results: TuneResults) -> str:
    saved = results.saved
    usd = saved.delivery_usd_a_month + saved.lambda_usd_a_month
    return (
        f"{saved.bytes_per_thumbnail:,.0f} bytes a thumbnail, {usd:,.2f} USD a month:"
        f" {saved.delivery_usd_a_month:,.2f} of delivery for {saved.views:,} views and"
        f" {saved.lambda_usd_a_month:,.4f} of Lambda for {saved.uploads:,} uploads at {saved.memory_mb:,} MB."
    )


def _variables(results: TuneResults) -> list[str]:
    variables = results.candidate(results.pick).variables
    return [f"THUMBNAIL_{name.upper()}={value}" for name, value in variables.items()]


def _against(results: TuneResults, label: str) -> str:
    one, today = results.candidate(label), results.candidate(results.today)
    return (
        f"{label}: {numbers.change_percent(today.mean_bytes, one.mean_bytes)} bytes,"
        f" {_points(one.mean_ssimulacra2 - today.mean_ssimulacra2)}, {one.cpu_ratio:.2f} times the CPU."
    )


def _extremes(results: TuneResults) -> str:
    pairs = trials_of_both(results)
    worst = min(pairs, key=lambda pair: pair[1].ssimulacra2 - pair[0].ssimulacra2)
    best = max(pairs, key=lambda pair: pair[1].ssimulacra2 - pair[0].ssimulacra2)
    return f"From {_change(*worst)} to {_change(*best)}."


def trials_of_both(results: TuneResults) -> list[tuple[PictureTrial, PictureTrial]]:
    """Pair today's trial of each picture with the pick's; first those that it was tuned for."""
    today, pick = results.candidate(results.today), results.candidate(results.pick)
    pairs = list(zip(today.trials, pick.trials, strict=True))
    if results.rest:
        pairs += zip(results.rest[0].trials, results.rest[1].trials, strict=True)
    return pairs


def _change(today: PictureTrial, pick: PictureTrial) -> str:
    return (
        f"{_points(pick.ssimulacra2 - today.ssimulacra2)} and"
        f" {numbers.change_percent(today.size_bytes, pick.size_bytes)} bytes at {today.picture}"
    )


def _rest(today: Candidate, pick: Candidate) -> str:
    return (
        f"{numbers.count(len(today.trials), 'readable fixture')} that are not photos, not tuned for:"
        f" {numbers.change_percent(today.mean_bytes, pick.mean_bytes)} bytes,"
        f" {_points(pick.mean_ssimulacra2 - today.mean_ssimulacra2)} in the mean."
    )


def _points(change: float) -> str:
    return f"{change:+.2f} points"
