"""Which settings there are, and the search among them: a coarse grid, then ever closer to the best."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from benchmarks.tuning.aim import CPU_SLACK, TriedSetting, without_twins
from benchmarks.tuning.setting import Setting
from resizer.formats import OutputFormat
from resizer.switches import Encoding, Kernel, Preset, Subsampling, Switches, Tune

# How much one point of score costs near a thumbnail's usual quality: about 5 % of its bytes, in every format.
_BYTES_A_POINT: Final = 0.05
# Parents are looked for this near to the wanted score, and to today's bytes.
_WINDOW_POINTS: Final = 4.0
# The best of those clearly quicker than today's setting, of those about as quick, and of slower ones.
_CPU_CAPS: Final = (0.8, 1.0 + CPU_SLACK, 5.0)

# A round each; a quick search has fewer.
_QUALITY_STEPS: Final = (4, 2, 1, 1, 1, 1, 1, 1)
_QUICK_STEPS: Final = (3, 1)

_QUALITIES: Final = range(20, 99)
# libaom from 7 on takes a second for a thumbnail; JPEG has no effort.
_EFFORTS: Final = {OutputFormat.WEBP: range(7), OutputFormat.AVIF: range(7), OutputFormat.JPEG: range(6, 7)}

# The values of each switch. In a tuple every value is a neighbour of every other. In a list only adjacent
# ones are, and None, which leaves the value to the preset, is a neighbour of all.
# Preset.ICON differs from TEXT in nothing that a thumbnail shows; alpha_quality matters for alpha alone.
_SWITCHES: Final[Mapping[OutputFormat, Mapping[str, Sequence[Any]]]] = {
    OutputFormat.WEBP: {
        "sharp_yuv": (False, True),
        "preset": (Preset.DEFAULT, Preset.PICTURE, Preset.PHOTO, Preset.DRAWING, Preset.TEXT),
        "sns_strength": [None, 0, 15, 40],
        "filter_strength": [None, 0, 5, 20],
        "filter_sharpness": [None, 0, 6],
        "passes": [1, 2, 4],
    },
    OutputFormat.AVIF: {"subsampling": tuple(Subsampling), "tune": tuple(Tune)},
    OutputFormat.JPEG: {
        "subsampling": tuple(Subsampling),
        "progressive": (False, True),
        "trellis": (False, True),
        "quant_table": tuple(range(9)),
    },
}

_COARSE: Final[Mapping[OutputFormat, Mapping[str, Sequence[Any]]]] = {
    OutputFormat.WEBP: {
        "quality": (62, 70, 78, 86, 94),
        "effort": (4, 6),
        "sharp_yuv": (False, True),
        "preset": (Preset.DEFAULT, Preset.PHOTO, Preset.DRAWING, Preset.TEXT),
    },
    OutputFormat.AVIF: {
        "quality": (45, 60, 75, 88),
        "effort": (0, 3),
        "subsampling": tuple(Subsampling),
        "tune": (Tune.DEFAULT, Tune.SSIM, Tune.SSIMULACRA2),
    },
    OutputFormat.JPEG: {
        "quality": (75, 83, 91, 96),
        "subsampling": tuple(Subsampling),
        "progressive": (False, True),
        "quant_table": (0, 3),
    },
}
# A coarse grid for a run of a minute.
_QUICK_GRID: Final[Mapping[OutputFormat, Mapping[str, Sequence[Any]]]] = {
    OutputFormat.WEBP: {
        "quality": (70, 78),
        "effort": (5,),
        "sharp_yuv": (False, True),
        "preset": (Preset.DEFAULT, Preset.TEXT),
    },
    OutputFormat.AVIF: {
        "quality": (45, 60),
        "effort": (0,),
        "subsampling": (Subsampling.ALL,),
        "tune": (Tune.DEFAULT, Tune.SSIM),
    },
    OutputFormat.JPEG: {"quality": (85,), "quant_table": (0, 3)},
}


def search(
    evaluate: Callable[[Sequence[Setting], str], list[TriedSetting]],
    formats: Sequence[OutputFormat],
    *,
    today: TriedSetting,
    score: float | None,
    quick: bool = False,
) -> list[TriedSetting]:
    """Evaluate a grid, then the neighbours of the best, until a round finds no new setting.

    The best are those that would have the fewest bytes at `score`; without one, the best score at today's
    bytes. `evaluate` takes settings and the name of the round, and returns them tried, in their order.
    """
    grid = [setting for output in formats for setting in coarse(output, quick=quick)]
    known = {one.setting: one for one in evaluate(grid, "coarse grid")}
    known[today.setting] = today
    steps = _QUICK_STEPS if quick else _QUALITY_STEPS
    for number, step in enumerate(steps, 1):
        most = 1 if quick else 2
        parents = list(_parents(known.values(), formats, today=today, score=score, most=most))
        around = (new for parent in parents for new in neighbours(parent.setting, quality_step=step))
        fresh = list(dict.fromkeys(new for new in around if new not in known))
        # Near the end of the steps a round may find nothing; a coarser one before it must not end the search.
        if not fresh and step == min(steps):
            break
        stage = f"closer, round {number} of at most {len(steps)}"
        known |= {one.setting: one for one in evaluate(fresh, stage)}
    return list(known.values())


def _parents(
    tried: Iterable[TriedSetting],
    formats: Sequence[OutputFormat],
    *,
    today: TriedSetting,
    score: float | None,
    most: int,
) -> Iterator[TriedSetting]:
    """Choose the settings whose neighbours to try, in each format and within each cap on CPU time.

    The most promising, by what they would take at the wanted score, may all fall a little short of it; so the
    best of those that do reach it is a parent as well.
    """
    goal = today.mean_score if score is None else score

    def promise(one: TriedSetting) -> tuple[float, float]:
        return _points_beyond_window(one, today, score), _bytes_at(one, goal)

    known = without_twins(tried)
    for output, cap in itertools.product(formats, _CPU_CAPS):
        able = [one for one in known if one.setting.encoding.format is output and one.cpu_ratio <= cap]
        yield from sorted(able, key=promise)[:most]
        yield from _reaching(able, today, score)[:1]


def _reaching(tried: Iterable[TriedSetting], today: TriedSetting, score: float | None) -> list[TriedSetting]:
    """Return those that reach the score, fewest bytes first; or those within today's bytes, best first."""
    if score is None:
        small = [one for one in tried if one.mean_bytes <= today.mean_bytes]
        return sorted(small, key=lambda one: -one.mean_score)
    enough = [one for one in tried if one.mean_score >= score]
    return sorted(enough, key=lambda one: one.mean_bytes)


def _points_beyond_window(one: TriedSetting, today: TriedSetting, score: float | None) -> float:
    """Return how far a setting is, in points, from where parents are looked for."""
    if score is None:
        distance = abs(math.log(one.mean_bytes / today.mean_bytes)) / _BYTES_A_POINT
    else:
        distance = abs(one.mean_score - score)
    return max(0.0, distance - _WINDOW_POINTS)


def _bytes_at(one: TriedSetting, score: float) -> float:
    """Estimate how many bytes a setting would take if its quality were turned to that score."""
    return one.mean_bytes * math.exp(_BYTES_A_POINT * (score - one.mean_score))


def coarse(output: OutputFormat, *, quick: bool = False) -> list[Setting]:
    """Return the grid that the search starts from."""
    grid = (_QUICK_GRID if quick else _COARSE)[output]
    return [
        _setting(output, dict(zip(grid, values, strict=True))) for values in itertools.product(*grid.values())
    ]


def neighbours(setting: Setting, *, quality_step: int) -> Iterator[Setting]:
    """Yield the settings that differ in one thing, by one step."""
    encoding = setting.encoding
    for quality in (encoding.quality - quality_step, encoding.quality + quality_step):
        if quality in _QUALITIES:
            yield replace(setting, encoding=replace(encoding, quality=quality))
    for effort in (encoding.effort - 1, encoding.effort + 1):
        if effort in _EFFORTS[encoding.format]:
            yield replace(setting, encoding=replace(encoding, effort=effort))
    for name, values in _SWITCHES[encoding.format].items():
        for value in _beside(values, getattr(encoding.switches, name)):
            switches = replace(encoding.switches, **{name: value})
            if not _has_a_twin(switches):
                yield replace(setting, encoding=replace(encoding, switches=switches))
    for kernel in Kernel:
        if kernel is not setting.kernel:
            yield replace(setting, kernel=kernel)


def _has_a_twin(switches: Switches) -> bool:
    """Say whether a plainer setting shows the same: the preset `text` filters nothing and moves no bits."""
    if switches.preset is not Preset.TEXT:
        return False
    unfiltered = switches.filter_strength is None and switches.filter_sharpness is not None
    return switches.sns_strength == 0 or switches.filter_strength == 0 or unfiltered


def _beside(values: Sequence[Any], value: object) -> Iterable[Any]:
    if isinstance(values, tuple):
        return (other for other in values if other != value)
    if value is None:
        return values[1:]
    at = values.index(value)
    steps = [*values[max(0, at - 1) : at], *values[at + 1 : at + 2]]
    return steps if None in steps or None not in values else [None, *steps]


def _setting(output: OutputFormat, chosen: dict[str, Any]) -> Setting:
    quality = chosen.pop("quality")
    effort = chosen.pop("effort", 6)
    return Setting(
        encoding=Encoding(format=output, quality=quality, effort=effort, switches=Switches(**chosen))
    )
