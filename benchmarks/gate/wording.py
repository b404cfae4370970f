"""The verdict in words: the same ones in the terminal, the pull request, the page and the JUnit file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.gate.verdict import Metric, Outcome, Subject
from harness.plotting import numbers

if TYPE_CHECKING:
    from benchmarks.gate.baseline import Acceptance, Figures
    from benchmarks.gate.verdict import Change, Check, PictureVerdict, Value, Verdict

# What is told of a red verdict without a known cause.
NOTHING_CHANGED = "nothing that the gate knows: settings, libraries, files and pictures are the baseline's"

# Known by digests, which say nothing to a person.
_DIGESTS = (Subject.CODE, Subject.BUILD, Subject.PICTURE)
_MOST_NAMES = 8


def headline(verdict: Verdict) -> str:
    """Say in one line how it ended."""
    total = len(verdict.pictures)
    if not verdict.red:
        return f"held: {numbers.count(total, 'picture')}" + ("; better in all" if verdict.better else "")
    regressed, missing = verdict.of(Outcome.REGRESSED), verdict.of(Outcome.MISSING)
    parts = [f"{len(regressed)} of {numbers.count(total, 'picture')} regressed"] if regressed else []
    parts += [f"{len(missing)} of {numbers.count(total, 'picture')} missing"] if missing else []
    bought = sum(entry.bought for entry in regressed)
    parts += [f"fewer bytes bought with a lower score in {numbers.count(bought, 'picture')}"] * (bought > 0)
    parts += [f"whole set: {whole_name(check)} {difference(check)}" for check in verdict.regressions]
    return "; ".join(parts)


def advice(verdict: Verdict) -> str:
    """Say in one line what to do."""
    if verdict.red:
        return "repair it, or take it as the new baseline"
    if verdict.better:
        return "take it as the new baseline, so that it is held from now on"
    return "nothing to do"


def command(verdict: Verdict) -> str | None:
    """Give the command that the advice needs, if it needs one."""
    return verdict.accept_command if verdict.red or verdict.better else None


def whole_name(check: Check) -> str:
    """Name a figure of the whole set."""
    return {
        Metric.SCORE: "mean SSIMULACRA2",
        Metric.MEMORY: "highest peak memory",
        Metric.PACKAGE: "package, unzipped",
    }.get(check.metric, check.metric.value)


def value(metric: Metric, figure: Value) -> str:
    """Tell a figure with its unit."""
    if isinstance(figure, tuple):
        return f"{figure[0]}x{figure[1]}"
    match metric:
        case Metric.SCORE:
            return f"{figure:.2f}"
        case Metric.MEMORY:
            return f"{numbers.memory_mb(figure):.1f} MB"
        case Metric.PACKAGE:
            return f"{figure / 1e6:.2f} MB"
    return f"{figure:,.0f}"


def difference(check: Check) -> str:
    """Tell by how much a figure changed."""
    then, now = check.then, check.now
    if isinstance(then, tuple) or isinstance(now, tuple):
        return "none" if then == now else "changed"
    if check.metric is Metric.SCORE:
        return f"{now - then:+.2f} points"
    percent = f" ({(now - then) / then * 100:+.1f} %)" if then else ""
    if check.metric is Metric.BYTES:
        return f"{now - then:+,.0f} bytes{percent}"
    sign = "+" if now >= then else "-"
    return f"{sign}{value(check.metric, abs(now - then))}{percent}"


def limit(check: Check) -> str:
    """Tell how far a figure might have gone."""
    match check.metric:
        case Metric.SCORE:
            return f"-{check.limit:g} {'point' if check.limit == 1 else 'points'}"
        case Metric.PIXELS:
            return "no change"
    return f"+{check.limit:g} %"


def sentence(check: Check) -> str:
    """Tell a figure then and now, by how much, and what was allowed."""
    then, now = value(check.metric, check.then), value(check.metric, check.now)
    return f"{check.metric}: {then} -> {now}, {difference(check)}, allowed {limit(check)}"


def remark(entry: PictureVerdict) -> str:
    """Say what figures alone do not."""
    if entry.reason:
        return entry.reason
    if entry.bought and entry.then and entry.now:
        saved = entry.then.size_bytes - entry.now.size_bytes
        return f"{saved:,} bytes fewer, bought with a lower score"
    return ""


def changes(verdict: Verdict) -> list[str]:
    """Tell what changed since the baseline; a red verdict without any says so."""
    told = [_change(entry) for entry in verdict.changes if entry.subject not in _DIGESTS]
    for subject in _DIGESTS:
        # In one line: of many files each is of little interest.
        names = [_changed(entry) for entry in verdict.changes if entry.subject is subject]
        rest = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
        told += [f"{subject} changed: {', '.join(names[:_MOST_NAMES] + rest)}"] if names else []
    return told or [NOTHING_CHANGED] * verdict.red


def _change(entry: Change) -> str:
    if entry.then is None:
        return f"{entry.subject} {entry.name}: new, {entry.now}"
    if entry.now is None:
        return f"{entry.subject} {entry.name}: gone, was {entry.then}"
    return f"{entry.subject} {entry.name}: {entry.then} -> {entry.now}"


def _changed(entry: Change) -> str:
    if entry.then is None:
        return f"{entry.name} (new)"
    return f"{entry.name} (gone)" if entry.now is None else entry.name


def acceptance(entry: Acceptance) -> str:
    """Tell one line of the history in figures."""
    now, then = entry.now, entry.then
    if then is None:
        return f"{entry.date}, {entry.reason}: {_figures(now)}"
    return (
        f"{entry.date}, {entry.reason}: {now.set_bytes - then.set_bytes:+,} bytes,"
        f" {now.mean_ssimulacra2 - then.mean_ssimulacra2:+.2f} points,"
        f" {numbers.memory_mb(now.largest_peak_bytes - then.largest_peak_bytes):+.1f} MB at the highest peak;"
        f" now {_figures(now)}"
    )


def _figures(figures: Figures) -> str:
    return (
        f"{numbers.count(figures.pictures, 'picture')}, {figures.set_bytes:,} bytes, mean SSIMULACRA2"
        f" {figures.mean_ssimulacra2:.2f},"
        f" highest peak {value(Metric.MEMORY, figures.largest_peak_bytes)},"
        f" package {value(Metric.PACKAGE, figures.package_unzipped_bytes)}"
    )
