"""The places in LocalStack that are changed, each checked before it is."""

from __future__ import annotations

import functools
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import ThumbrigError


class SeamMovedError(ThumbrigError):
    """Raised when this LocalStack does not have a thing where the rig expects it."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"this LocalStack cannot be repaired: expected {expected}, found {found}; use version 4.14.0"
        )


@dataclass(frozen=True)
class Seam:
    """A function of LocalStack's, `module:owner.name`, that `around(original, *arguments)` replaces."""

    place: str
    parameters: Sequence[str]
    around: Callable[..., Any]


def wrap(*seams: Seam) -> None:
    """Change all of these places, or raise SeamMovedError and change none."""
    for owner, name, original, around in [_found(seam) for seam in seams]:
        wrapped: Any = _wrapped(original, around)
        static = isinstance(inspect.getattr_static(owner, name), staticmethod)
        setattr(owner, name, staticmethod(wrapped) if static else wrapped)


def find(place: str) -> Any:
    """Return what LocalStack has at `module:name`; raises SeamMovedError."""
    try:
        return pkgutil.resolve_name(place)
    except (ImportError, AttributeError) as exc:
        raise SeamMovedError(place, "nothing of that name") from exc


def _found(seam: Seam) -> tuple[Any, str, Callable[..., Any], Callable[..., Any]]:
    expected = f"{seam.place}({', '.join(seam.parameters)})"
    try:
        original = pkgutil.resolve_name(seam.place)
        found = list(inspect.signature(original).parameters)
    except (ImportError, AttributeError, TypeError) as exc:
        raise SeamMovedError(expected, "no function of that name") from exc
    if found[: len(seam.parameters)] != list(seam.parameters):
        raise SeamMovedError(expected, f"({', '.join(found)})")
    module, _, path = seam.place.partition(":")
    owner, _, name = path.rpartition(".")
    return pkgutil.resolve_name(f"{module}:{owner}"), name, original, seam.around


def _wrapped(original: Callable[..., Any], around: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        return around(original, *arguments, **named)

    return wrapped
