"""Numbers as people read them, with as many digits as they deserve."""

from __future__ import annotations

from typing import Final

# Lambda's "MB" of memory are 2^20 bytes; files are counted in 10^6 bytes, as file managers do.
_MEMORY_MB_BYTES: Final = 1 << 20
_FILE_MB_BYTES: Final = 1_000_000
_FILE_KB_BYTES: Final = 1_000

EMPTY: Final = "\N{EN DASH}"


def milliseconds(value: float | None) -> str:
    """Write milliseconds, without their unit."""
    if value is None:
        return EMPTY
    # 9.96 would become 10.0.
    return f"{value:.1f}" if round(value, 1) < 10 else f"{value:,.0f}"  # noqa: PLR2004  two digits


def memory_mb(value_bytes: float) -> float:
    """Convert bytes to Lambda's megabytes."""
    return value_bytes / _MEMORY_MB_BYTES


def memory(value_bytes: float | None) -> str:
    """Write memory in Lambda's megabytes, without the unit."""
    return EMPTY if value_bytes is None else f"{memory_mb(value_bytes):,.0f}"


def file_size(value_bytes: float) -> str:
    """Write the size of a file, with its unit."""
    if value_bytes >= _FILE_MB_BYTES:
        return f"{value_bytes / _FILE_MB_BYTES:.1f} MB"
    if value_bytes >= _FILE_KB_BYTES:
        return f"{value_bytes / _FILE_KB_BYTES:.1f} KB"
    return f"{value_bytes:.0f} bytes"


def whole(value: float | None) -> str:
    """Write a number without decimals, thousands set apart."""
    return EMPTY if value is None else f"{value:,.0f}"


def score(value: float | None) -> str:
    """Write a SSIMULACRA2 score."""
    return EMPTY if value is None else f"{value:.1f}"


def two_decimals(value: float | None) -> str:
    """Write a ratio or a price, without a unit."""
    return EMPTY if value is None else f"{value:.2f}"


def kilobytes_signed(value_bytes: float) -> str:
    """Write a small change of memory, with its sign and unit."""
    return f"{value_bytes / 1024:+.1f} KB"


def change_percent(then: float, now: float) -> str:
    """Write a change as a part of what was, with its sign and unit."""
    return f"{100 * (now / then - 1):+.1f} %"


def listing(parts: list[str]) -> str:
    """Join as a sentence does: "a", "a and b", "a, b and c"."""
    if len(parts) < 2:  # noqa: PLR2004  nothing to join
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def count(number: int, noun: str) -> str:
    """Write how many: "1 picture", "2 pictures"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
