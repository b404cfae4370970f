"""The colours of pages and plots, on light and on dark ground; each series keeps its own everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Colour:
    """A colour of the page: the name of its CSS variable, and its value on light and on dark ground."""

    name: str
    light: str
    dark: str


INK: Final = Colour(name="ink", light="#1a1f26", dark="#e8ebef")
MUTED: Final = Colour(name="muted", light="#596270", dark="#a3adba")
LINE: Final = Colour(name="line", light="#dde2e8", dark="#343b45")
CARD: Final = Colour(name="card", light="#ffffff", dark="#1a1f26")
GROUND: Final = Colour(name="ground", light="#f4f6f8", dark="#11151a")
ALARM: Final = Colour(name="alarm", light="#b3261e", dark="#ff8a80")

# Okabe and Ito's colours (https://jfly.uni-koeln.de/color/), which people of every colour vision tell apart,
# darkened or lightened to a contrast of 3 to 1 with their ground.
SERIES: Final = (
    Colour(name="series-1", light="#0067a8", dark="#4fb0f0"),
    Colour(name="series-2", light="#cc5500", dark="#ff8f4a"),
    Colour(name="series-3", light="#00845f", dark="#2fc79c"),
    Colour(name="series-4", light="#a94f8a", dark="#e39ac8"),
    Colour(name="series-5", light="#8c7000", dark="#e8c547"),
    Colour(name="series-6", light="#3f4a5a", dark="#c3ccd8"),
)
# A shape as well as a colour: plots are printed in grey, too.
_MARKERS: Final = ("o", "s", "^", "D", "v", "P")

PAGE: Final = (INK, MUTED, LINE, CARD, GROUND, ALARM, *SERIES)


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one series is drawn."""

    colour: Colour
    marker: str


def styles(names: Sequence[str], *, first: str) -> Mapping[str, Style]:
    """Give every name its style; the first colour is for the one that the page is about."""
    order = sorted(names, key=lambda name: name != first)
    return {
        name: Style(colour=SERIES[index % len(SERIES)], marker=_MARKERS[index % len(_MARKERS)])
        for index, name in enumerate(order)
    }
