"""Makes every picture's thumbnail with the function as it stands, packaged and run in the sandbox."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from benchmarks.bench.contenders import PASSED, Spec, deployed_contenders, invoke, outcome_of
from benchmarks.gate import pictures, provenance, scoring
from benchmarks.gate.snapshot import (
    Memory,
    MemoryEnvironment,
    Observation,
    PackageSize,
    Snapshot,
    Thumbnail,
)
from harness.package.build import build
from harness.package.platforms import lambda_platform

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from benchmarks.bench.contenders import DeployedContender, Original
    from benchmarks.bench.plan import BenchPicture
    from benchmarks.gate.provenance import LogBook
    from harness.package.function import FunctionFolder
    from harness.package.platforms import Platform
    from harness.sandbox.environment import Environment

_CACHE = Path(__file__).parents[2] / ".cache" / "packages"
_MEMORY_MB = 512


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What is to be observed: a function at the template's parameters, at these pictures."""

    function: FunctionFolder
    subjects: Sequence[BenchPicture]
    parameters: Mapping[str, str] = field(default_factory=dict)
    limiter: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What came of one picture; without a thumbnail, `outcome` says why."""

    subject: BenchPicture
    outcome: str
    image: bytes
    thumbnail: Thumbnail | None
    peak_bytes: int


def observe(assignment: Assignment, *, progress: Callable[[Iterable[Sight]], Iterable[Sight]]) -> Observation:
    """Deploy the function, serve each picture once, and read what made the thumbnails."""
    function = assignment.function
    spec = Spec(name=function.name, folder=function.path, parameters=assignment.parameters)
    # Beside the rest: nothing needs it before the end.
    with ThreadPoolExecutor(max_workers=1) as packer:
        packing = packer.submit(build, function, lambda_platform(function.runtime, "x86_64"), cache=_CACHE)
        with deployed_contenders(
            [spec], memory_mb=_MEMORY_MB, cpu="unshaped", limiter=assignment.limiter, cache=_CACHE
        ) as (entrant,):
            # Nothing is to be measured under a limiter that does not limit.
            _ = entrant.target.limits
            book = provenance.LogBook()
            with contextlib.closing(_sights(entrant, assignment.subjects, book)) as coming:
                sights = list(progress(coming))
            limiter = entrant.target.confinement.limiter
            platform = limiter.platform(function.runtime)
            made_by = provenance.describe(function, entrant, platform, told=book.settings)
        package = packing.result()
    made = {sight.subject.name: sight for sight in sights if sight.thumbnail}
    return Observation(
        snapshot=Snapshot(
            function=made_by,
            package=PackageSize(unzipped_bytes=package.unzipped_bytes, zip_bytes=package.zip_bytes),
            scorer=scoring.scorer(),
            thumbnails={name: sight.thumbnail for name, sight in made.items() if sight.thumbnail},
        ),
        memory=Memory(
            environment=_environment(limiter.name, platform),
            peak_bytes={name: sight.peak_bytes for name, sight in made.items()},
        ),
        images={name: sight.image for name, sight in made.items()},
        without_thumbnail={sight.subject.name: sight.outcome for sight in sights if not sight.thumbnail},
    )


class _Lanes:
    """Keeps the environments that serve a picture now; closed, it stops them, and those that come later."""

    def __init__(self) -> None:
        self._environments: set[Environment] = set()
        self._closed = False
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def keeping(self, environment: Environment) -> Iterator[Environment]:
        """Have the environment stopped at the end of the block, or as soon as the lanes are closed."""
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
        """Let nothing go on: whoever interrupts does not wait for a function's time limit."""
        with self._lock:
            self._closed = True
            environments = list(self._environments)
        for environment in environments:
            environment.stop()


def _sights(
    entrant: DeployedContender, subjects: Sequence[BenchPicture], book: LogBook
) -> Generator[Sight, None, None]:
    lanes = _Lanes()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as workers:
        try:
            yield from workers.map(lambda subject: _look(entrant, subject, book, lanes), subjects)
        finally:
            lanes.close()


def _look(entrant: DeployedContender, subject: BenchPicture, book: LogBook, lanes: _Lanes) -> Sight:
    data = pictures.read(subject)
    original = entrant.put(subject.name, data)
    # A new environment for each picture: the peak of one that has served others depends on their order.
    with lanes.keeping(entrant.start(log=book)) as environment:
        invocation = invoke(environment, original)
    outcome = outcome_of(invocation)
    image = _image(entrant, original) if outcome == PASSED else b""
    if outcome == PASSED and not image:
        outcome = "no thumbnail, and no error either"
    return Sight(
        subject=subject,
        outcome=outcome,
        image=image,
        thumbnail=_described(subject, data, image, entrant.deployment.thumbnail_extension) if image else None,
        peak_bytes=invocation.peak_memory_bytes,
    )


def _image(entrant: DeployedContender, original: Original) -> bytes:
    try:
        return entrant.thumbnail(original)
    except ClientError as exc:
        # Without s3:ListBucket, S3 answers 403 for a key that is not there.
        if exc.response["ResponseMetadata"]["HTTPStatusCode"] in {403, 404}:
            return b""
        raise


def _described(subject: BenchPicture, original: bytes, image: bytes, extension: str) -> Thumbnail:
    width, height = scoring.size_of(subject, image)
    return Thumbnail(
        file_name=subject.name + extension,
        original_sha256=hashlib.sha256(original).hexdigest(),
        sha256=hashlib.sha256(image).hexdigest(),
        size_bytes=len(image),
        width_pixels=width,
        height_pixels=height,
        ssimulacra2=scoring.score(subject, original, image),
    )


def _environment(limiter: str, platform: Platform) -> MemoryEnvironment:
    return MemoryEnvironment(
        limiter=limiter,
        runtime=platform.runtime,
        system=platform.system,
        architecture=platform.architecture,
        cores=os.cpu_count() or 1,
    )
