"""Settings, and trials as a sweep would make them."""

from __future__ import annotations

from benchmarks.tuning.aim import TriedSetting
from benchmarks.tuning.setting import Setting
from benchmarks.tuning.trial import Trial
from resizer.formats import OutputFormat
from resizer.switches import Encoding


def setting(quality: int = 85, output: OutputFormat = OutputFormat.WEBP, effort: int = 6) -> Setting:
    """Make a setting without switches."""
    return Setting(encoding=Encoding(format=output, quality=quality, effort=effort))


def trial(size_bytes: int = 5000, score: float = 60.0, cpu: float = 1.0) -> Trial:
    """Make a trial; `cpu` is in times of today's."""
    return Trial(size_bytes=size_bytes, ssimulacra2=score, cpu_ms=10.0 * cpu, today_cpu_ms=10.0)


def tried(quality: int, size_bytes: int, score: float, cpu: float = 1.0) -> TriedSetting:
    """Make a setting that was tried on one picture."""
    return TriedSetting(setting=setting(quality), trials={"me.jpg": trial(size_bytes, score, cpu)})
