"""Runs one person's photo and tells its timelines: a cold one, and one that finds the function running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from harness.cdn.edge import edge
from harness.e2e import read_photo
from harness.errors import ThumbrigError
from harness.observe.application import DeployedApplication
from harness.observe.timeline import timeline
from harness.observe.timeline_text import remarks, table, to_json
from harness.observe.viewer import Browser
from harness.observe.watch import watch
from harness.observe.waterfall import waterfall

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.e2e import Run
    from harness.observe.timeline import Timeline
    from harness.targets.base import Target

_WARM_UPLOADS = 5
_LOG_WIDTH = 150


class NothingArrivedError(ThumbrigError):
    """Raised when a photo gets no thumbnail; the timeline has been told by then."""

    def __init__(self, photo: Path, why: str) -> None:
        super().__init__(f"{photo}: no thumbnail: {why}")


class UnwritableFolderError(ThumbrigError):
    """Raised when the timelines cannot be kept where they were wanted."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: expected a folder for the timelines, cannot write there: {reason}")


def run_timeline(run: Run, photo: Path, folder: Path) -> None:
    """Upload a photo several times, print the cold and the median warm timeline, keep both as files."""
    data = read_photo(photo)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UnwritableFolderError(folder, exc.strerror or str(exc)) from exc
    with run.target() as target:
        timelines = _timelines(target, data, photo.name)
    _print(timelines)
    for path in _write(timelines, folder):
        Console(highlight=False).print(str(path), soft_wrap=True)
    if why := timelines["cold"].why_missing:
        raise NothingArrivedError(photo, why)


def _timelines(target: Target, data: bytes, filename: str) -> Mapping[str, Timeline]:
    deployment = target.deploy()
    with edge(deployment) as running, Browser(running.ca_certificate) as browser:
        application = DeployedApplication(deployment, edge=running)

        def upload_and_watch() -> Timeline:
            upload = application.upload(data, filename)
            return timeline(watch(application, deployment, upload, browser=browser))

        cold = upload_and_watch()
        if cold.why_missing:
            return {"cold": cold}
        warm = sorted((upload_and_watch() for _ in range(_WARM_UPLOADS)), key=_arrived)
        return {"cold": cold, "warm": warm[len(warm) // 2]}


def _arrived(found: Timeline) -> float:
    return found.arrived_ms if found.arrived_ms is not None else float("inf")


def _print(timelines: Mapping[str, Timeline]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_LOG_WIDTH)
    for name, found in timelines.items():
        console.print(table(f"{name}: {found.key}", found))
        for remark in remarks(found):
            console.print(remark, soft_wrap=True)
        console.print()


def _write(timelines: Mapping[str, Timeline], folder: Path) -> list[Path]:
    written = folder / "timeline.json"
    written.write_text(to_json(timelines))
    return [written, *(waterfall(name, found).write_png(folder) for name, found in timelines.items())]
