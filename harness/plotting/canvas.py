"""The sheet that plots are drawn on: its typography, and how it becomes a PNG file or a part of a page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from harness.plotting.palette import CARD, INK, LINE, MUTED, PAGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.typing import RcKeyType

    from harness.plotting.palette import Colour

# One unit is one CSS pixel: 72 points are an inch, and so are these.
_PIXELS_PER_INCH: Final = 96
_PNG_SCALE: Final = 2
_TITLE_PX: Final = 40
_TITLE_INSET_PX: Final = 8

_POINTS_PER_PIXEL: Final = 72 / _PIXELS_PER_INCH
TEXT_PX: Final = 12.5
SMALL_PX: Final = 11.5

_STYLE: Final[dict[RcKeyType, Any]] = {
    # matplotlib brings this one along: the same plot on every machine.
    "font.family": "DejaVu Sans",
    "font.size": TEXT_PX * _POINTS_PER_PIXEL,
    "axes.labelsize": SMALL_PX * _POINTS_PER_PIXEL,
    "axes.labelcolor": MUTED.light,
    "axes.edgecolor": LINE.light,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.labelsize": SMALL_PX * _POINTS_PER_PIXEL,
    "ytick.labelsize": TEXT_PX * _POINTS_PER_PIXEL,
    "xtick.color": LINE.light,
    "ytick.color": LINE.light,
    "xtick.labelcolor": MUTED.light,
    "ytick.labelcolor": INK.light,
    "text.color": INK.light,
    "grid.color": LINE.light,
    "legend.frameon": False,
    "figure.facecolor": CARD.light,
    "axes.facecolor": "none",
    # Text stays text: the page's font, found by a search, read by a screen reader.
    "svg.fonttype": "none",
    "svg.hashsalt": "thumbrig",
}


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One plot: how to draw it, and what it shows, in words for a reader who does not see it."""

    name: str
    title: str
    alt: str
    caption: str
    width_px: int
    draw: Callable[[], Figure]

    def svg(self) -> str:
        """Draw it for a page, in the page's colours; its ids carry its name, so that several go into one."""
        with mpl.rc_context(_STYLE):
            figure = self.draw()
            figure.patch.set_visible(False)
            return _for_page(_drawn(figure), self.name)

    def write_png(self, folder: Path) -> Path:
        """Draw it below its title, as a file for places where the page does not go."""
        with mpl.rc_context(_STYLE):
            head = sheet(self.width_px, _TITLE_PX)
            head.text(
                _TITLE_INSET_PX / self.width_px,
                0.5,
                self.title,
                fontsize=points(16),
                fontweight="bold",
                va="center",
            )
            above, below = _pixels(head), _pixels(self.draw())
        # Not a title of the figure itself: a legend outside of the axes would lie on it.
        whole = Image.new("RGB", (below.width, above.height + below.height), CARD.light)
        whole.paste(above, (0, 0))
        whole.paste(below, (0, above.height))
        path = folder / f"{self.name}.png"
        whole.save(path, optimize=True)
        return path


def points(pixels: float) -> float:
    """Convert CSS pixels to the points that matplotlib counts in."""
    return pixels * _POINTS_PER_PIXEL


def sheet(width_px: float, height_px: float) -> Figure:
    """Make an empty figure."""
    size = (width_px / _PIXELS_PER_INCH, height_px / _PIXELS_PER_INCH)
    return Figure(figsize=size, dpi=_PIXELS_PER_INCH, layout="constrained")


def quiet(axes: Axes, *, grid: str = "x") -> None:
    """Remove the lines that say nothing, and show the values by a faint grid."""
    axes.grid(visible=True, axis="x" if grid == "x" else "y", linewidth=points(1))
    axes.tick_params(length=0)
    axes.spines["left" if grid == "x" else "bottom"].set_visible(True)
    axes.spines["bottom" if grid == "x" else "left"].set_visible(False)
    if grid == "y":
        axes.tick_params(axis="y", labelsize=points(SMALL_PX), labelcolor=MUTED.light)


def note(
    axes: Axes,
    text: str,
    place: tuple[float, float],
    *,
    by_px: tuple[float, float],
    **options: Any,  # noqa: ANN401  those of matplotlib's annotate
) -> None:
    """Write a text beside a place, moved by some pixels."""
    usual = {"va": "center", "fontsize": points(SMALL_PX), "color": INK.light, "textcoords": "offset points"}
    axes.annotate(text, place, xytext=(points(by_px[0]), points(by_px[1])), **{**usual, **options})


def key(label: str, marker: str, colour: Colour, *, size_px: float = 8) -> Line2D:
    """Make an entry of a legend."""
    size = points(size_px)
    return Line2D([], [], label=label, linestyle="", marker=marker, markersize=size, color=colour.light)


def legend(figure: Figure, keys: Sequence[Line2D]) -> None:
    """Show which colour and shape is whose, above the plot."""
    spaces = {"handletextpad": 0.2, "columnspacing": 1.4, "borderpad": 0.2}
    figure.legend(
        handles=keys, loc="outside upper left", ncols=len(keys) or 1, fontsize=points(TEXT_PX), **spaces
    )


def _pixels(figure: Figure) -> Image.Image:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=_PIXELS_PER_INCH * _PNG_SCALE)
    return Image.open(buffer)


def _drawn(figure: Figure) -> str:
    buffer = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _for_page(drawing: str, prefix: str) -> str:
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    # The page gives the width; the viewBox gives the shape.
    drawing = re.sub(r'(?<=\s)(width|height)="[^"]*pt"', "", drawing, count=2)
    drawing = re.sub(r'\bid="', f'id="{prefix}-', drawing)
    drawing = re.sub(r'href="#', f'href="#{prefix}-', drawing)
    drawing = re.sub(r"url\(#", f"url(#{prefix}-", drawing)
    for colour in PAGE:
        drawing = re.sub(colour.light, f"var(--{colour.name})", drawing, flags=re.IGNORECASE)
    return drawing.strip()
