"""What Lambda charges, in US dollars.

Source: https://aws.amazon.com/lambda/pricing/, US East, without the free tier.
"""

from __future__ import annotations

USD_PER_GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
USD_PER_MILLION_REQUESTS = 0.20

_MB_PER_GB = 1024


def usd_per_million(duration_ms: float, *, memory_mb: int, architecture: str = "x86_64") -> float:
    """Give the price of a million invocations that take this long each; every started millisecond counts."""
    gb_seconds = -(-duration_ms // 1) / 1000 * memory_mb / _MB_PER_GB
    return gb_seconds * USD_PER_GB_SECOND[architecture] * 1_000_000 + USD_PER_MILLION_REQUESTS
