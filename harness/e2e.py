"""The end-to-end run: start a target, then either the scenarios or one person's photo."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pytest
from rich.console import Console

from harness.errors import ThumbrigError
from harness.observe.application import DeployedApplication
from harness.observe.outcome import Refusal, settle
from harness.targets.embedded.target import embedded_target
from harness.targets.localstack.target import localstack_target
from harness.targets.timed import TimedTarget

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from harness.application.application import Thumbnail
    from harness.package.function import FunctionFolder
    from harness.sandbox.limits.base import Cpu
    from harness.targets.base import Target

TargetName = Literal["embedded", "localstack"]

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


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is run end to end, and where."""

    function: FunctionFolder
    port: int | None
    cache: Path
    limiter: str | None
    cpu: Cpu
    target_name: TargetName = "embedded"
    endpoint: str | None = None

    def target(self) -> AbstractContextManager[Target]:
        """Start the target."""
        if self.target_name == "localstack":
            return localstack_target(
                self.function, cache=self.cache, port=self.port, cpu=self.cpu, endpoint=self.endpoint
            )
        return embedded_target(
            self.function, cache=self.cache, port=self.port, limiter=self.limiter, cpu=self.cpu
        )


@dataclass(frozen=True, kw_only=True)
class StartedTarget:
    """What the scenarios are given, as a plugin of pytest: a target, and when the run began.

    `ready_seconds` is when the target could be deployed to; at `results` the run is to be stored.
    """

    target: TimedTarget
    function: FunctionFolder
    started_seconds: float
    ready_seconds: float
    results: Path | None = None


def run_scenarios(
    run: Run, folder: Path, pytest_arguments: Sequence[str], *, results: Path | None = None
) -> int:
    """Run the scenarios on a target that ends with them, store the results; gives pytest's exit code."""
    started = time.monotonic()
    with run.target() as target:
        plugin = StartedTarget(
            target=TimedTarget(target),
            function=run.function,
            started_seconds=started,
            ready_seconds=time.monotonic(),
            results=results,
        )
        return int(pytest.main([str(folder), *pytest_arguments], plugins=[plugin]))


def run_photo(run: Run, photo: Path) -> None:
    """Run one photo and leave its thumbnail beside it."""
    data = read_photo(photo)
    console = Console(highlight=False)
    with run.target() as target:
        deployment = target.deploy()
        application = DeployedApplication(deployment)
        thumbnails = []
        for _ in range(1 + _WARM_UPLOADS):
            upload = application.upload(data, photo.name)
            thumbnail = settle(application, deployment, upload)
            if isinstance(thumbnail, Refusal):
                raise PhotoRefusedError(photo, thumbnail)
            thumbnails.append(thumbnail)
    path = photo.with_name(f"{photo.stem}.thumbnail{deployment.thumbnail_extension}")
    path.write_bytes(thumbnails[0].data)
    console.print(_summary(photo, len(data), path, thumbnails), soft_wrap=True)


def read_photo(photo: Path) -> bytes:
    """Read a person's photo; raises UnreadablePhotoError."""
    try:
        return photo.read_bytes()
    except OSError as exc:
        raise UnreadablePhotoError(photo, exc.strerror or str(exc)) from exc


def _summary(photo: Path, original_bytes: int, path: Path, thumbnails: Sequence[Thumbnail]) -> str:
    cold, *warm = (thumbnail.visible_seconds * 1000 for thumbnail in thumbnails)
    return (
        f"{photo}  {original_bytes:,} bytes\n"
        f"{path}  {len(thumbnails[0].data):,} bytes\n"
        f"upload to visible: {cold:.0f} ms cold, {sorted(warm)[len(warm) // 2]:.0f} ms warm"
    )
