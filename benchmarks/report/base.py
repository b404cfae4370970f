"""What all pages share: their templates, the pictures in them, and how a report is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.errors import ThumbrigError
from harness.plotting.images import EmbeddedImage, embedded
from harness.plotting.palette import PAGE

if TYPE_CHECKING:
    from harness.plotting.canvas import Plot  # the gate has no matplotlib

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class MissingThumbnailError(ThumbrigError):
    """Raised when a thumbnail that the results name is not beside them."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: expected the thumbnail that the results name, got no file;"
            " copy it along with results.json, or measure again"
        )


def thumbnail(path: Path) -> EmbeddedImage:
    """Embed a thumbnail's file as it is."""
    try:
        return embedded(path.read_bytes())
    except FileNotFoundError as exc:
        raise MissingThumbnailError(path) from exc


def fill(template: str, **values: object) -> str:
    """Make a page of a template, which escapes whatever it is given."""
    return _TEMPLATES.get_template(template).render(page_colours=PAGE, **values)


def drawn(plots: Sequence[Plot]) -> dict[str, dict[str, object]]:
    """Draw plots for a page, each with its texts."""
    return {
        plot.name: {
            "title": plot.title,
            "alt": plot.alt,
            "caption": plot.caption,
            "width_px": plot.width_px,
            # Drawn by the rig itself, which escapes the texts in it.
            "svg": Markup(plot.svg()),  # noqa: S704  see above
        }
        for plot in plots
    }


def write_report(folder: Path, page: str, plots: Sequence[Plot]) -> Path:
    """Write `index.html` and the plots as PNG files, and return the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for plot in plots:
        plot.write_png(folder)
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8")
    return path
