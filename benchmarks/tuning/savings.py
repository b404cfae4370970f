"""What another setting saves: in bytes a thumbnail, and in US dollars a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.bench import prices

if TYPE_CHECKING:
    from benchmarks.tuning.outcome import Outcome

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: 1,769 MB are one vCPU.
_MB_PER_CORE = 1769


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """How often thumbnails are seen and made in a month, and with how much memory."""

    views: int
    uploads: int
    memory_mb: int = 512


@dataclass(frozen=True, kw_only=True)
class Savings:
    """What is saved; below zero it is spent. Lambda's is reckoned from the CPU time of the tuning machine."""

    bytes_per_thumbnail: float
    percent: float
    cpu_ms_per_thumbnail: float
    delivery_usd_a_month: float
    lambda_usd_a_month: float

    @property
    def usd_a_month(self) -> float:
        """Both together."""
        return self.delivery_usd_a_month + self.lambda_usd_a_month


def savings(today: Outcome, other: Outcome, traffic: Traffic) -> Savings:
    """Reckon what is saved when thumbnails are made by another setting."""
    fewer = today.mean_bytes - other.mean_bytes
    # By the ratio: the two may have been measured at different times.
    cpu_ms = today.mean_cpu_ms * (1 - other.cpu_ratio)
    # A function of 512 MB has 0.289 of a core, so it takes that much longer on the clock.
    cores = min(1.0, traffic.memory_mb / _MB_PER_CORE)
    return Savings(
        bytes_per_thumbnail=fewer,
        percent=100 * fewer / today.mean_bytes,
        cpu_ms_per_thumbnail=cpu_ms,
        delivery_usd_a_month=prices.usd_of_delivery(traffic.views, size_bytes=fewer),
        lambda_usd_a_month=prices.usd_of_computing(
            traffic.uploads, milliseconds=cpu_ms / cores, memory_mb=traffic.memory_mb
        ),
    )
