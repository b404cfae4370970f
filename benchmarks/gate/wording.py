"""The verdict in words: the same ones in the terminal, the pull request, the page and the JUnit file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.gate.baseline import Acceptance, Figures
from benchmarks.gate.verdict import (
    Change,
    ChangeKind,
    Check,
    GateStatus,
    Metric,
    PictureVerdict,
    Value,
    Verdict,
)
from harness.plotting import numbers

# Printed for a red verdict without a known cause.
NOTHING_CHANGED = "nothing that the gate knows: settings, libraries, files and pictures are the baseline's"

# Known by digests, which say nothing to a person.
_DIGESTS = (ChangeKind.CODE, ChangeKind.BUILD, ChangeKind.PICTURE)
_MOST_NAMES = 8


@dataclass(frozen=True, kw_only=True)
class FigureLine:
    """One figure in words: the cells of a table, and a sentence."""

    status: GateStatus
    name: str
    figure: str
    cells: tuple[str, str, str, str]
    """Then, now, the change, and how much of it is allowed."""
    sentence: str


@dataclass(frozen=True, kw_only=True)
class PictureWords:
    """One picture in words; a missing one has the remark alone."""

    name: str
    status: GateStatus
    lines: list[FigureLine]
    remark: str


@dataclass(frozen=True, kw_only=True)
class VerdictWords:
    """The whole verdict in words: figures that regressed come first, then the pictures, the worst on top."""

    headline: str
    advice: str
    command: str | None
    changes: list[str]
    whole: list[FigureLine]
    missing: list[PictureWords]
    regressed: list[PictureWords]
    held: list[PictureWords]
    history: list[str]


def in_words(verdict: Verdict, history: Sequence[Acceptance] = ()) -> VerdictWords:
    """Put a verdict and its baseline's history in words."""
    red_first = sorted(verdict.whole, key=lambda check: not check.regressed)
    return VerdictWords(
        headline=_headline(verdict),
        advice=_advice(verdict),
        command=verdict.accept_command if verdict.red or verdict.better else None,
        changes=_changes(verdict),
        whole=[_line("whole set", _whole_name(check), check) for check in red_first],
        missing=[_picture(entry) for entry in verdict.of(GateStatus.MISSING)],
        regressed=[_picture(entry) for entry in verdict.worst_first()],
        held=[_picture(entry) for entry in verdict.of(GateStatus.HELD)],
        history=[acceptance(entry) for entry in reversed(history)],
    )


def _picture(entry: PictureVerdict) -> PictureWords:
    # A pixel size that did not change is not worth a line.
    checks = [check for check in entry.checks if check.metric is not Metric.PIXELS or check.regressed]
    return PictureWords(
        name=entry.name,
        status=entry.status,
        lines=[_line(entry.name, check.metric, check) for check in checks],
        remark=_remark(entry),
    )


def _line(name: str, figure: str, check: Check) -> FigureLine:
    then, now = _value(check.metric, check.then), _value(check.metric, check.now)
    change, allowed = _difference(check), _limit(check)
    return FigureLine(
        status=GateStatus.REGRESSED if check.regressed else GateStatus.HELD,
        name=name,
        figure=figure,
        cells=(then, now, change, allowed),
        sentence=f"{check.metric}: {then} -> {now}, {change}, allowed {allowed}",
    )


def _headline(verdict: Verdict) -> str:
    total = len(verdict.pictures)
    if not verdict.red:
        return f"held: {numbers.count(total, 'picture')}" + ("; better in all" if verdict.better else "")
    regressed, missing = verdict.of(GateStatus.REGRESSED), verdict.of(GateStatus.MISSING)
    parts = [f"{len(regressed)} of {numbers.count(total, 'picture')} regressed"] if regressed else []
    parts += [f"{len(missing)} of {numbers.count(total, 'picture')} missing"] if missing else []
    bought = sum(entry.bought for entry in regressed)
    parts += [f"fewer bytes bought with a lower score in {numbers.count(bought, 'picture')}"] * (bought > 0)
    parts += [f"whole set: {_whole_name(check)} {_difference(check)}" for check in verdict.regressions]
    return "; ".join(parts)


def _advice(verdict: Verdict) -> str:
    if verdict.red:
        return "repair it, or take it as the new baseline"
    if verdict.better:
        return "take it as the new baseline, so that it is held from now on"
    return "nothing to do"


def _whole_name(check: Check) -> str:
    return {
        Metric.SCORE: "mean SSIMULACRA2",
        Metric.MEMORY: "highest peak memory",
        Metric.PACKAGE: "package, unzipped",
    }.get(check.metric, check.metric.value)


def _value(metric: Metric, figure: Value) -> str:
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


def _difference(check: Check) -> str:
    then, now = check.then, check.now
    if isinstance(then, tuple) or isinstance(now, tuple):
        return "none" if then == now else "changed"
    if check.metric is Metric.SCORE:
        return f"{now - then:+.2f} points"
    percent = f" ({numbers.change_percent(then, now)})" if then else ""
    if check.metric is Metric.BYTES:
        return f"{now - then:+,.0f} bytes{percent}"
    sign = "+" if now >= then else "-"
    return f"{sign}{_value(check.metric, abs(now - then))}{percent}"


def _limit(check: Check) -> str:
    match check.metric:
        case Metric.SCORE:
            return f"-{check.limit:g} {'point' if check.limit == 1 else 'points'}"
        case Metric.PIXELS:
            return "no change"
    return f"+{check.limit:g} %"


def _remark(entry: PictureVerdict) -> str:
    """Say what figures alone do not."""
    if entry.reason:
        return entry.reason
    if entry.bought and entry.then and entry.now:
        saved = entry.then.size_bytes - entry.now.size_bytes
        return f"{saved:,} bytes fewer, bought with a lower score"
    return ""


def _changes(verdict: Verdict) -> list[str]:
    """Name what changed since the baseline; a red verdict without a known cause says so."""
    lines = [_change(entry) for entry in verdict.changes if entry.kind not in _DIGESTS]
    for kind in _DIGESTS:
        # In one line: of many files each is of little interest.
        names = [_changed(entry) for entry in verdict.changes if entry.kind is kind]
        rest = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
        lines += [f"{kind} changed: {', '.join(names[:_MOST_NAMES] + rest)}"] if names else []
    return lines or [NOTHING_CHANGED] * verdict.red


def _change(entry: Change) -> str:
    if entry.then is None:
        return f"{entry.kind} {entry.name}: new, {entry.now}"
    if entry.now is None:
        return f"{entry.kind} {entry.name}: gone, was {entry.then}"
    return f"{entry.kind} {entry.name}: {entry.then} -> {entry.now}"


def _changed(entry: Change) -> str:
    if entry.then is None:
        return f"{entry.name} (new)"
    return f"{entry.name} (gone)" if entry.now is None else entry.name


def acceptance(entry: Acceptance) -> str:
    """Write one entry of the history in figures."""
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
        f" highest peak {_value(Metric.MEMORY, figures.largest_peak_bytes)},"
        f" package {_value(Metric.PACKAGE, figures.package_unzipped_bytes)}"
    )
