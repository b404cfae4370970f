"""A share of the CPU, as the kernel takes it: so much time of each period."""

from __future__ import annotations

from typing import Final

# The quota is dealt out anew in each period: a long one would turn a throttled function's time into a few
# long pauses. Of 20 ms the smallest function (128 MB) gets 1.4 ms, above the 1 ms that the kernel demands.
CPU_PERIOD_US: Final = 20_000


def cpu_quota_us(share: float) -> int:
    """Give the CPU time of one period."""
    return max(1000, round(share * CPU_PERIOD_US))
