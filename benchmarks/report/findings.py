"""The findings in words: what the numbers of one run say, and nothing that they do not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.bench.results import Contender, MeasuredPicture, Measurement, Results, SweepPoint
from benchmarks.report.selection import (
    SUCCESS,
    fastest_first,
    focus,
    made_by_all,
    mean_bytes_and_score,
    measurement,
    ours_first,
    reference,
    sweep_of,
)
from harness.plotting import numbers

# Two medians this close count as equal: a choice, not the run's own spread.
TIE_RATIO: Final = 1.05

BALANCED_MEANING: Final = (
    "balanced is the size with the smallest product of cost and median duration, each as a multiple of"
    " its smallest value in the sweep"
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One thing that was found, under the topic that it belongs to."""

    topic: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a run found: the sentence to remember, and the rest."""

    headline: str
    statements: list[Statement]


@dataclass(frozen=True, kw_only=True)
class MemoryChoice:
    """The memory sizes that a sweep recommends."""

    cheapest: SweepPoint
    fastest: SweepPoint
    balanced: SweepPoint


def bench_findings(results: Results) -> Findings:
    """Say what a run found, about our contender first."""
    texts = {
        "Memory": _memory(results),
        "Cold start": _cold_start(results),
        "Memory size": _memory_size(results),
        "All pictures": _wins(results),
        "Not made": _failures(results),
        "Bytes and quality": _quality(results),
        "Smallest memory": _smallest_memory(results),
        "Memory at rest": _soak(results),
        "Caution": _caution(results),
    }
    statements = [Statement(topic=topic, text=text) for topic, text in texts.items() if text]
    return Findings(headline=_headline(results), statements=statements)


def memory_choice(points: list[SweepPoint]) -> MemoryChoice | None:
    """Choose among the sizes at which a contender succeeded; of equals the smaller size is taken."""
    priced = sorted(
        (
            (point, point.p50_ms, point.usd_per_million)
            for point in points
            if point.outcome == SUCCESS and point.p50_ms and point.usd_per_million
        ),
        key=lambda entry: entry[0].memory_mb,
    )
    if not priced:
        return None
    least_ms = min(ms for _, ms, _ in priced)
    least_usd = min(usd for _, _, usd in priced)
    return MemoryChoice(
        cheapest=min(priced, key=lambda entry: entry[2])[0],
        fastest=min(priced, key=lambda entry: entry[1])[0],
        balanced=min(priced, key=lambda entry: entry[1] / least_ms * entry[2] / least_usd)[0],
    )


def wins(results: Results) -> Counter[str]:
    """Count on how many pictures each contender was the fastest, or as fast as the fastest."""
    counted: Counter[str] = Counter()
    for picture in results.pictures:
        ranked = fastest_first(picture.measurements)
        # A contender that is alone at a picture does not win.
        if len(ranked) > 1:
            best = ranked[0].p50_ms or 0.0
            counted.update(entry.contender for entry in ranked if (entry.p50_ms or 0.0) <= best * TIE_RATIO)
    return counted


def cold_start_ms(contender: Contender) -> float | None:
    """Take the median over the fresh environments of initialisation and first invocation together."""
    pairs = zip(contender.cold_init_ms, contender.cold_first_ms, strict=False)
    sums = [init + first for init, first in pairs]
    return median(sums) if sums else None


def _headline(results: Results) -> str:
    name, picture = focus(results), reference(results)
    if name is None or picture is None:
        return "Nothing was measured."
    at = f"at {results.environment.memory_mb:,} MB"
    own = measurement(picture, name)
    if own is None:
        return f"{name} was not measured on {picture.name}."
    if own.p50_ms is None:
        return f"{name} does not make a thumbnail of {picture.name} {at}: {own.outcome}."
    text = f"{name} makes the thumbnail of {picture.name} in {numbers.milliseconds(own.p50_ms)} ms (p50) {at}"
    times = [(entry.p50_ms, f"{entry.contender}'s time") for entry in _others(picture, own)]
    return _compared(text, own.p50_ms, times)


def _memory(results: Results) -> str:
    name, picture = focus(results), reference(results)
    own = measurement(picture, name) if picture else None
    if picture is None or own is None or own.median_peak_bytes is None:
        return ""
    text = (
        f"{name} needs {numbers.memory(own.median_peak_bytes)} MB at the peak on {picture.name}, of the"
        f" {results.environment.memory_mb:,} MB it has"
    )
    peaks = [(entry.median_peak_bytes, f"{entry.contender}'s peak") for entry in _others(picture, own)]
    return _compared(text, own.median_peak_bytes, peaks)


def _others(picture: MeasuredPicture, own: Measurement) -> list[Measurement]:
    return [entry for entry in fastest_first(picture.measurements) if entry.contender != own.contender]


def _compared(text: str, own: float, others: list[tuple[float | None, str]]) -> str:
    ratios = [f"{numbers.two_decimals(own / other)} of {whose}" for other, whose in others if other]
    return f"{text}: {numbers.listing(ratios)}." if ratios else f"{text}."


def _cold_start(results: Results) -> str:
    timed = [(ms, entry.name) for entry in results.contenders if (ms := cold_start_ms(entry)) is not None]
    parts = [f"{name} {numbers.milliseconds(ms)} ms" for ms, name in sorted(timed)]
    if not parts:
        return ""
    return f"Initialisation and first invocation together: {numbers.listing(parts)} (medians)."


def _memory_size(results: Results) -> str:
    name = focus(results)
    choice = memory_choice(sweep_of(results, name))
    if choice is None:
        return ""
    sizes: dict[str, list[str]] = {}
    for word in ("cheapest", "fastest", "balanced"):
        sizes.setdefault(_point(getattr(choice, word)), []).append(word)
    parts = [f"{size} is {numbers.listing(words)}" for size, words in sizes.items()]
    return f"Of the sizes tried for {name}, {numbers.listing(parts)}; {BALANCED_MEANING}."


def _point(point: SweepPoint) -> str:
    price, time = numbers.two_decimals(point.usd_per_million), numbers.milliseconds(point.p50_ms)
    return f"{point.memory_mb:,} MB ({time} ms, {price} USD per million)"


def _wins(results: Results) -> str:
    counted = wins(results)
    contested = sum(len(fastest_first(picture.measurements)) > 1 for picture in results.pictures)
    if not contested:
        return ""
    # In the order of the results where the counts are the same.
    order = sorted(results.contenders, key=lambda entry: -counted[entry.name])
    parts = [f"{entry.name} on {counted[entry.name]}" for entry in order]
    percent = round((TIE_RATIO - 1) * 100)
    return (
        f"Of {numbers.count(contested, 'picture')} that more than one contender made, fastest or within"
        f" {percent} % of the fastest: {numbers.listing(parts)}."
    )


def _failures(results: Results) -> str:
    nobody = [
        picture.name
        for picture in results.pictures
        if picture.measurements and all(entry.outcome != SUCCESS for entry in picture.measurements)
    ]
    parts = [
        f"{entry.contender} at {picture.name} ({entry.outcome})"
        for picture in results.pictures
        if picture.name not in nobody
        for entry in picture.measurements
        if entry.outcome != SUCCESS
    ]
    texts = [f"{numbers.listing(parts)}." if parts else ""]
    texts.append(f"By no contender: {numbers.listing(nobody)}." if nobody else "")
    return " ".join(text for text in texts if text)


def _quality(results: Results) -> str:
    pictures = made_by_all(results)
    means = {
        entry.name: found
        for entry in ours_first(results, results.contenders, lambda entry: entry.name)
        if (found := mean_bytes_and_score(pictures, entry.name))
    }
    parts = [
        f"{name} {numbers.whole(mean_bytes)} bytes at SSIMULACRA2 {numbers.score(mean_score)}"
        for name, (mean_bytes, mean_score) in means.items()
    ]
    if not parts:
        return ""
    over = numbers.count(len(pictures), "picture")
    return f"Means over the {over} that every scored contender made: {numbers.listing(parts)}."


def _smallest_memory(results: Results) -> str:
    parts = [
        f"{entry.contender} {entry.memory_mb:,} MB" + (f" ({entry.needs} needs it)" if entry.needs else "")
        if entry.memory_mb is not None
        else f"{entry.contender} none of the sizes tried"
        for entry in ours_first(results, results.smallest_memory, lambda entry: entry.contender)
    ]
    return f"With it all the pictures pass: {numbers.listing(parts)}." if parts else ""


def _soak(results: Results) -> str:
    parts = [
        f"{soak.contender} over {numbers.count(soak.invocations, 'invocation')}: {soak.verdict}"
        f" ({numbers.kilobytes_signed(soak.slope_bytes_per_invocation)} per invocation)"
        for soak in ours_first(results, results.soaks, lambda soak: soak.contender)
    ]
    return f"{'; '.join(parts)}." if parts else ""


def _caution(results: Results) -> str:
    if results.environment.limiter_is_hard:
        return ""
    return (
        "The memory cap was watched, not enforced by the kernel: a peak between two readings may have passed"
        " it. Out of memory here is certain; within memory is not."
    )
