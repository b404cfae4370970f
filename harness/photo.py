"""One person's photo: its thumbnail, or a timeline of each step from its upload to the CDN's edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.application import Thumbnail
from harness.cdn.edge import edge
from harness.console import console
from harness.e2e import Run
from harness.errors import ThumbrigError
from harness.observe.outcome import DeployedApplication, Refusal, await_outcome, watch
from harness.observe.timeline import Timeline, timeline
from harness.observe.timeline_text import remarks, table, to_json
from harness.observe.viewer import Viewer
from harness.targets.base import Target

_WARM_UPLOADS = 5


class UnreadablePhotoError(ThumbrigError):
    """Raised when a person's photo is not a file that can be read."""

    def __init__(self, photo: Path, reason: str) -> None:
        super().__init__(f"{photo}: expected a photo, cannot read it: {reason}; check the path")


class PhotoRefusedError(ThumbrigError):
    """Raised when the function refuses a person's photo."""

    def __init__(self, photo: Path, refusal: Refusal) -> None:
        super().__init__(
            f"{photo}: no thumbnail, the function refuses it: {refusal.error_type}: {refusal.reason}"
        )


class NothingArrivedError(ThumbrigError):
    """Raised when a photo gets no thumbnail; says why, and what else was found."""

    def __init__(self, photo: Path, why: str | None, found: Sequence[str] = ()) -> None:
        super().__init__("\n".join([f"{photo}: no thumbnail: {why}", *(f"  - {line}" for line in found)]))


class UnwritableFolderError(ThumbrigError):
    """Raised when the timelines cannot be written where they were wanted."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: expected a folder for the timelines, cannot write there: {reason}")


def run_photo(run: Run, photo: Path) -> None:
    """Run one photo and leave its thumbnail beside it."""
    data = read_photo(photo)
    with run.target() as target:
        deployment = target.deploy()
        application = DeployedApplication(deployment)
        thumbnails = []
        for _ in range(1 + _WARM_UPLOADS):
            upload = application.upload(data, photo.name)
            outcome = await_outcome(application, upload)
            if outcome.refusal:
                raise PhotoRefusedError(photo, outcome.refusal)
            if outcome.thumbnail is None:
                found = outcome.diagnosis.found if outcome.diagnosis else ()
                raise NothingArrivedError(photo, outcome.why_missing, found)
            thumbnails.append(outcome.thumbnail)
    path = photo.with_name(f"{photo.stem}.thumbnail{deployment.thumbnail_extension}")
    path.write_bytes(thumbnails[0].data)
    console().print(_summary(photo, len(data), path, thumbnails), soft_wrap=True)


def read_photo(photo: Path) -> bytes:
    """Read a person's photo; raises UnreadablePhotoError."""
    try:
        return photo.read_bytes()
    except OSError as exc:
        raise UnreadablePhotoError(photo, exc.strerror or str(exc)) from exc


def run_timeline(run: Run, photo: Path, folder: Path) -> None:
    """Upload a photo several times, print the cold and the median warm timeline, and write both as files."""
    data = read_photo(photo)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UnwritableFolderError(folder, exc.strerror or str(exc)) from exc
    with run.target() as target:
        timelines = _timelines(target, data, photo.name)
    _print(timelines)
    for path in _write(timelines, folder):
        console().print(str(path), soft_wrap=True)
    if why := timelines["cold"].why_missing:
        raise NothingArrivedError(photo, why)


def _timelines(target: Target, data: bytes, filename: str) -> Mapping[str, Timeline]:
    deployment = target.deploy()
    with edge(deployment) as running, Viewer(running) as viewer:
        application = DeployedApplication(deployment, edge=running)

        def upload_and_watch() -> Timeline:
            upload = application.upload(data, filename)
            return timeline(watch(application, upload, viewer=viewer))

        cold = upload_and_watch()
        if cold.why_missing:
            return {"cold": cold}
        warm = sorted((upload_and_watch() for _ in range(_WARM_UPLOADS)), key=_arrived)
        return {"cold": cold, "warm": warm[len(warm) // 2]}


def _arrived(found: Timeline) -> float:
    return found.arrived_ms if found.arrived_ms is not None else float("inf")


def _print(timelines: Mapping[str, Timeline]) -> None:
    out = console()
    for name, found in timelines.items():
        out.print(table(f"{name}: {found.key}", found))
        for remark in remarks(found):
            out.print(remark, soft_wrap=True)
        out.print()


def _write(timelines: Mapping[str, Timeline], folder: Path) -> list[Path]:
    # matplotlib comes with this command alone.
    from harness.observe.waterfall import waterfall  # noqa: PLC0415

    written = folder / "timeline.json"
    written.write_text(to_json(timelines))
    return [written, *(waterfall(name, found).write_png(folder) for name, found in timelines.items())]


def _summary(photo: Path, original_bytes: int, path: Path, thumbnails: Sequence[Thumbnail]) -> str:
    cold, *warm = (thumbnail.visible_seconds * 1000 for thumbnail in thumbnails)
    return (
        f"{photo}  {original_bytes:,} bytes\n"
        f"{path}  {len(thumbnails[0].data):,} bytes\n"
        f"upload to visible: {cold:.0f} ms cold, {sorted(warm)[len(warm) // 2]:.0f} ms warm"
    )
