"""The places in LocalStack that are changed, each checked before it is."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class SeamMovedError(ThumbrigError):
    """Raised when this LocalStack does not have a function where the rig changes it."""

    def __init__(self, owner: str, name: str, expected: Sequence[str], found: str) -> None:
        super().__init__(
            f"this LocalStack cannot be repaired: expected {owner}.{name}({', '.join(expected)}), "
            f"found {found}; use version 4.14.0"
        )


def wrap(owner: Any, name: str, parameters: Sequence[str], around: Callable[..., Any]) -> None:
    """Put `around(original, *arguments)` in the place of `owner.name`, if that takes these parameters."""
    where = str(getattr(owner, "__name__", type(owner).__name__))
    original = getattr(owner, name, None)
    if not callable(original):
        raise SeamMovedError(where, name, parameters, "nothing of that name")
    found = list(inspect.signature(original).parameters)
    if found[: len(parameters)] != list(parameters):
        raise SeamMovedError(where, name, parameters, f"({', '.join(found)})")

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        return around(original, *arguments, **named)

    static = isinstance(inspect.getattr_static(owner, name), staticmethod)
    setattr(owner, name, staticmethod(wrapped) if static else wrapped)
