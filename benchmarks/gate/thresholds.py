"""How much worse is too much: numbers that stand in the baseline, for all pictures and for single ones."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnknownThresholdError(ValueError):
    """Raised when a threshold is unknown, or is no number of at least 0."""

    def __init__(self, name: str, value: object) -> None:
        known = ", ".join(entry.name for entry in fields(Thresholds))
        super().__init__(
            f"threshold {name!r}: expected a number of at least 0 for one of {known}, came {value!r}"
        )


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What is still held; one step beyond is a regression."""

    set_bytes_percent: float = 2.0
    bytes_percent: float = 5.0
    score_points: float = 1.0
    memory_percent: float = 10.0
    package_percent: float = 5.0

    def overridden(self, values: Mapping[str, object]) -> Thresholds:
        """Replace the thresholds that are named."""
        known = {entry.name for entry in fields(self)}
        numbers: dict[str, float] = {}
        for name, value in values.items():
            if (
                name not in known
                or isinstance(value, bool)
                or not isinstance(value, int | float)
                or value < 0
            ):
                raise UnknownThresholdError(name, value)
            numbers[name] = float(value)
        return replace(self, **numbers)
