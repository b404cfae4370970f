"""Which settings there are: a coarse grid over them, and the neighbours of one."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from benchmarks.tuning.setting import Setting
from resizer.formats import OutputFormat
from resizer.switches import Encoding, Kernel, Preset, Subsampling, Switches, Tune

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_QUALITIES: Final = range(20, 99)
# libaom from 7 on takes a second for a thumbnail; JPEG has no effort.
_EFFORTS: Final = {
    OutputFormat.WEBP: range(7),
    OutputFormat.AVIF: range(7),
    OutputFormat.JPEG: range(6, 7),
}

# What a switch may be. Of a tuple one may go to any other value; of a list to the one beside it, and to None,
# which is what the preset says, or from there to all.
# Preset.ICON differs from TEXT in nothing that a thumbnail shows; alpha_quality is for who has alpha.
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
# A coarse grid for who has a minute.
_QUICK: Final[Mapping[OutputFormat, Mapping[str, Sequence[Any]]]] = {
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


def coarse(output: OutputFormat, *, quick: bool = False) -> list[Setting]:
    """Give the grid that the search starts from."""
    grid = (_QUICK if quick else _COARSE)[output]
    return [
        _setting(output, dict(zip(grid, values, strict=True))) for values in itertools.product(*grid.values())
    ]


def neighbours(setting: Setting, *, quality_step: int) -> Iterator[Setting]:
    """Give the settings that differ in one thing, by one step."""
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
    """Tell whether a plainer setting shows the same: the preset `text` filters nothing and moves no bits."""
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
