"""Makes and scores every picture's thumbnail, by the function as it stands, packaged and in the sandbox."""

from __future__ import annotations

import contextlib
import hashlib
import io
import mimetypes
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from botocore.exceptions import ClientError
from PIL import Image

from benchmarks.bench import quality
from benchmarks.bench.contenders import (
    PASSED,
    DeployedContender,
    Original,
    Spec,
    deployed_contenders,
    invoke,
    outcome_of,
)
from benchmarks.bench.plan import BenchPicture, bench_pictures
from benchmarks.gate.provenance import SettingsLog, describe
from benchmarks.gate.snapshot import (
    MemoryEnvironment,
    Observation,
    PackageSize,
    PeakMemory,
    Snapshot,
    ThumbnailFigures,
)
from harness.application.deletion import is_missing
from harness.errors import ThumbrigError
from harness.package.build import build
from harness.package.function import FunctionFolder
from harness.package.platforms import Platform, lambda_platform
from harness.sandbox.environment import Environment

_CACHE = Path(__file__).parents[2] / ".cache" / "packages"
_MEMORY_MB = 512
# Beyond the fourth decimal a score says nothing, and reads badly in a diff.
_SCORE_DECIMALS = 4


class UnreadableFixtureError(ThumbrigError):
    """Raised when the rig itself cannot read a picture that the function is tried with."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(
            f"{path}: expected a picture to judge by, cannot read it: {reason}; restore it, or take it out of"
            " the set"
        )


class NoPictureError(ThumbrigError):
    """Raised when the function wrote something else than a picture as its thumbnail."""

    def __init__(self, subject: BenchPicture, thumbnail: bytes) -> None:
        super().__init__(
            f"{subject.name}: expected a picture as its thumbnail, got {len(thumbnail):,} bytes that start"
            f" with {thumbnail[:12]!r}; repair the function"
        )


@dataclass(frozen=True, kw_only=True)
class PictureResult:
    """What came of one picture; without a thumbnail, `outcome` says why."""

    name: str
    outcome: str
    image: bytes
    thumbnail: ThumbnailFigures | None
    peak_bytes: int


def choose_pictures(images: Path | None, function: FunctionFolder) -> list[BenchPicture]:
    """Choose the pictures of a folder, or the catalogue's without those that the function cannot do."""
    subjects = bench_pictures((), images, quick=False)
    chosen = {subject.name for subject in subjects}
    for path in sorted(images.iterdir()) if images else ():
        media_type = mimetypes.guess_type(path.name)[0] or ""
        # It would drop out of the set without a word.
        if media_type.startswith("image/") and path.name not in chosen:
            raise UnreadableFixtureError(path, "it is of no kind that the rig decodes, or damaged")
    return [subject for subject in subjects if subject.name not in function.cannot]


def observe(
    function: FunctionFolder,
    subjects: Sequence[BenchPicture],
    *,
    parameters: Mapping[str, str],
    limiter: str | None,
    progress: Callable[[Iterable[PictureResult]], Iterable[PictureResult]],
) -> Observation:
    """Deploy the function, serve each picture once, and read what made the thumbnails."""
    spec = Spec(name=function.name, folder=function.path, parameters=parameters)
    # Beside the rest: nothing needs it before the end.
    with ThreadPoolExecutor(max_workers=1) as packer:
        packing = packer.submit(build, function, lambda_platform(function.runtime, "x86_64"), cache=_CACHE)
        with deployed_contenders(
            [spec], memory_mb=_MEMORY_MB, cpu="unshaped", limiter=limiter, cache=_CACHE
        ) as (contender,):
            # Nothing is to be measured under a limiter that does not limit.
            _ = contender.target.limits
            log = SettingsLog()
            with contextlib.closing(_results(contender, subjects, log)) as coming:
                results = list(progress(coming))
            used = contender.target.confinement.limiter
            platform = used.platform(function.runtime)
            made_by = describe(function, contender, platform, logged=log.settings)
        package = packing.result()
    made = {result.name: (result, result.thumbnail) for result in results if result.thumbnail}
    return Observation(
        snapshot=Snapshot(
            function=made_by,
            package=PackageSize(unzipped_bytes=package.unzipped_bytes, zip_bytes=package.zip_bytes),
            scorer=_scorer(),
            thumbnails={name: thumbnail for name, (_, thumbnail) in made.items()},
        ),
        memory=PeakMemory(
            environment=_memory_environment(used.name, platform),
            peak_bytes={name: result.peak_bytes for name, (result, _) in made.items()},
        ),
        images={name: result.image for name, (result, _) in made.items()},
        without_thumbnail={result.name: result.outcome for result in results if not result.thumbnail},
    )


def rescored(
    then: Snapshot, now: Snapshot, images: Mapping[str, bytes], subjects: Sequence[BenchPicture]
) -> Snapshot:
    """Score a baseline's thumbnails anew if the rig's scorer has changed, so that both sides have today's."""
    if then.scorer == now.scorer:
        return then
    thumbnails = dict(then.thumbnails)
    for subject in subjects:
        before = thumbnails.get(subject.name)
        original = _read(subject)
        if before and hashlib.sha256(original).hexdigest() == before.original_sha256:
            image = images[subject.name]
            size = _size_of(subject, image)
            found = _score(subject, original, image, size)
            thumbnails[subject.name] = replace(before, ssimulacra2=found)
    return replace(then, thumbnails=thumbnails)


class _RunningEnvironments:
    """Keeps the environments that serve a picture now; closed, it stops them, and those that come later."""

    def __init__(self) -> None:
        self._environments: set[Environment] = set()
        self._closed = False
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def keeping(self, environment: Environment) -> Iterator[Environment]:
        """Stop the environment at the end of the block, or as soon as this is closed."""
        with self._lock:
            self._environments.add(environment)
            late = self._closed
        try:
            if late:
                raise CancelledError
            yield environment
        finally:
            with self._lock:
                self._environments.discard(environment)
            environment.stop()

    def close(self) -> None:
        """Stop all of them: after Ctrl-C nobody waits for a function's time limit."""
        with self._lock:
            self._closed = True
            environments = list(self._environments)
        for environment in environments:
            environment.stop()


def _results(
    contender: DeployedContender, subjects: Sequence[BenchPicture], log: SettingsLog
) -> Generator[PictureResult, None, None]:
    running = _RunningEnvironments()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as workers:
        try:
            yield from workers.map(lambda subject: _result(contender, subject, log, running), subjects)
        finally:
            running.close()


def _result(
    contender: DeployedContender, subject: BenchPicture, log: SettingsLog, running: _RunningEnvironments
) -> PictureResult:
    data = _read(subject)
    original = contender.put(subject.name, data)
    # A new environment for each picture: the peak of one that has served others depends on their order.
    with running.keeping(contender.start(log=log)) as environment:
        invocation = invoke(environment, original)
    outcome = outcome_of(invocation)
    image = _image(contender, original) if outcome == PASSED else b""
    if outcome == PASSED and not image:
        outcome = "no thumbnail, and no error either"
    return PictureResult(
        name=subject.name,
        outcome=outcome,
        image=image,
        thumbnail=_figures(subject, data, image, contender.deployment.thumbnail_extension) if image else None,
        peak_bytes=invocation.peak_memory_bytes,
    )


def _read(subject: BenchPicture) -> bytes:
    try:
        return subject.path.read_bytes()
    except OSError as exc:
        raise UnreadableFixtureError(subject.path, exc.strerror) from exc


def _image(contender: DeployedContender, original: Original) -> bytes:
    try:
        return contender.thumbnail(original)
    except ClientError as exc:
        if is_missing(exc):
            return b""
        raise


def _figures(subject: BenchPicture, original: bytes, image: bytes, extension: str) -> ThumbnailFigures:
    size = _size_of(subject, image)
    return ThumbnailFigures(
        file_name=subject.name + extension,
        original_sha256=hashlib.sha256(original).hexdigest(),
        sha256=hashlib.sha256(image).hexdigest(),
        size_bytes=len(image),
        width_pixels=size[0],
        height_pixels=size[1],
        ssimulacra2=_score(subject, original, image, size),
    )


def _size_of(subject: BenchPicture, thumbnail: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(thumbnail)) as image:
            return image.size
    except (OSError, ValueError, SyntaxError) as exc:
        raise NoPictureError(subject, thumbnail) from exc


def _score(subject: BenchPicture, original: bytes, thumbnail: bytes, size: tuple[int, int]) -> float:
    """Score a thumbnail against the lossless one of its own size."""
    try:
        lossless = quality.lossless_thumbnail(original, size)
    # Damaged pictures raise nearly anything.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise UnreadableFixtureError(subject.path, exc) from exc
    return round(quality.score(thumbnail, lossless), _SCORE_DECIMALS)


def _scorer() -> dict[str, str]:
    """Name what makes the scores: libraries, and the rig's own way to the lossless thumbnail."""
    versions = {name: metadata.version(name) for name in ("ssimulacra2", "Pillow", "numpy")}
    source = Path(quality.__file__).read_bytes()
    return {**versions, "quality.py": hashlib.sha256(source).hexdigest()[:12]}


def _memory_environment(limiter: str, platform: Platform) -> MemoryEnvironment:
    return MemoryEnvironment(
        limiter=limiter,
        runtime=platform.runtime,
        system=platform.system,
        architecture=platform.architecture,
        cores=os.cpu_count() or 1,
    )
