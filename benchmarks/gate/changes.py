"""Why, as far as the gate can tell: what made the thumbnails then and now, side by side. Pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchmarks.gate.verdict import Change, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.gate.snapshot import Snapshot

# The name that ends where a version begins: `Pillow==13.0.0; marker`, `@scope/name@1.2.3`.
_PIN = re.compile(r"(?P<name>@?[^=@\s\[]+)(\[[^]]*\])?\s*(===?|@)\s*(?P<version>.+)")
_DIGITS = 8


def changes(then: Snapshot, now: Snapshot) -> Iterator[Change]:
    """List what is another than at the baseline's time, the likeliest cause of other thumbnails first."""
    before, after = then.function, now.function
    yield from _between(Subject.SETTING, before.settings, after.settings)
    pins = _pins(before.requirements), _pins(after.requirements)
    yield from _between(Subject.REQUIREMENT, *pins)
    # A library of that name and version was just told.
    told = {name.lower() for name in pins[0] | pins[1] if pins[0].get(name) != pins[1].get(name)}
    for change in _between(Subject.LIBRARY, before.libraries, after.libraries):
        # One that is new or gone came or went with a requirement, or with another Python.
        if change.then and change.now and change.name.lower() not in told:
            yield change
    yield from _between(Subject.CODE, _short(before.files_sha256), _short(after.files_sha256))
    yield from _between(Subject.RUNTIME, {"declared": before.runtime}, {"declared": after.runtime})
    yield from _between(Subject.PLATFORM, {"here": before.platform}, {"here": after.platform})
    if before.build != after.build:
        yield Change(
            subject=Subject.BUILD,
            name="in the package",
            then=before.build[:_DIGITS],
            now=after.build[:_DIGITS],
        )
    yield from _edited_pictures(then, now)
    yield from _between(Subject.SCORER, then.scorer, now.scorer)


def _edited_pictures(then: Snapshot, now: Snapshot) -> Iterator[Change]:
    originals = [
        {name: thumbnail.original_sha256 for name, thumbnail in snapshot.thumbnails.items()}
        for snapshot in (then, now)
    ]
    yield from _between(Subject.PICTURE, *map(_short, originals))


def _between(subject: Subject, then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(then.keys() | now.keys()):
        if then.get(name) != now.get(name):
            yield Change(subject=subject, name=name, then=then.get(name), now=now.get(name))


def _pins(requirements: tuple[str, ...]) -> dict[str, str]:
    found = (_PIN.fullmatch(text) for text in requirements)
    return {match["name"]: match["version"] for match in found if match}


def _short(digests: Mapping[str, str]) -> dict[str, str]:
    return {name: digest[:_DIGITS] for name, digest in digests.items()}
