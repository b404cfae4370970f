"""What a measurement was made on."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class MeasuredOn:
    """What times hold for: a machine, and the versions of what ran on it."""

    date: str
    machine: str
    versions: dict[str, str]


def cpu_model() -> str:
    """Name the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    # Asked last: platform.processor starts a command to find it out.
    return next(models, "") or platform.processor() or platform.machine()
