"""What the probe says of one thing in a package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "architecture", "handler", "libc", "library", "python", "size", "system", "unreadable"
]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing in a package that would fail: what was expected, what came, what to change."""

    kind: Kind
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message
