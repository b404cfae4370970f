"""What Lambda and CloudFront charge, in US dollars.

Sources: https://aws.amazon.com/lambda/pricing/, US East, x86_64, without the free tier, and
https://aws.amazon.com/cloudfront/pricing/, pay as you go: to the internet from the edges of the United States
and Europe, the first 10 TB of a month, without the free 1 TB.
"""

from __future__ import annotations

USD_PER_GB_SECOND = 0.0000166667
USD_PER_MILLION_REQUESTS = 0.20
USD_PER_GB_DELIVERED = 0.085

_MB_PER_GB = 1024
_BYTES_PER_GB = 1 << 30


def usd_per_million(duration_ms: float, *, memory_mb: int) -> float:
    """Return the price of a million invocations of this length; every started millisecond counts."""
    gb_seconds = -(-duration_ms // 1) / 1000 * memory_mb / _MB_PER_GB
    return gb_seconds * USD_PER_GB_SECOND * 1_000_000 + USD_PER_MILLION_REQUESTS


def usd_of_delivery(views: int, *, size_bytes: float) -> float:
    """Return the price of delivering files of this size so often; requests cost the same at any size."""
    return views * size_bytes / _BYTES_PER_GB * USD_PER_GB_DELIVERED


def usd_of_computing(uploads: int, *, milliseconds: float, memory_mb: int) -> float:
    """Return the price of this many milliseconds, more or less, in each of many invocations."""
    return uploads * milliseconds / 1000 * memory_mb / _MB_PER_GB * USD_PER_GB_SECOND
