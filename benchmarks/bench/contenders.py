"""Who is measured: functions that make the same thumbnails, at the same settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PROJECT = Path(__file__).parents[2]


class UnknownContenderError(ThumbrigError):
    """Raised when a contender is asked for by a name that none has."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"contender {name!r}: expected one of {', '.join(CONTENDERS)}, or a function's folder"
        )


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A function folder, and the template's parameters that make the contender of it."""

    name: str
    folder: Path
    parameters: Mapping[str, str] = field(default_factory=dict)


def _resizer(engine: str) -> Spec:
    return Spec(name=engine, folder=_PROJECT / "resizer", parameters={"ResizerEngine": engine})


CONTENDERS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec(name="pillow-first-try", folder=_PROJECT / "contenders" / "pillow-first-try"),
        _resizer("pillow"),
        _resizer("vips"),
        _resizer("auto"),
        Spec(name="sharp", folder=_PROJECT / "contenders" / "sharp"),
    )
}


def choose(names: Sequence[str]) -> list[Spec]:
    """Find contenders by name, all if none is named; a path to a function folder is one too."""
    return [_find(name) for name in names] or list(CONTENDERS.values())


def _find(name: str) -> Spec:
    if name in CONTENDERS:
        return CONTENDERS[name]
    if Path(name).is_dir():
        return Spec(name=Path(name).resolve().name, folder=Path(name))
    raise UnknownContenderError(name)
