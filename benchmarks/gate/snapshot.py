"""What the gate knows of a function at one time: its thumbnails, what they cost, and what made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ThumbnailFigures:
    """One picture's thumbnail; `original_sha256` is of the picture that it was made from."""

    file_name: str
    original_sha256: str
    sha256: str
    size_bytes: int
    width_pixels: int
    height_pixels: int
    ssimulacra2: float


@dataclass(frozen=True, kw_only=True)
class MemoryEnvironment:
    """What decides a peak besides the function; only peaks of equal environments are compared."""

    limiter: str
    runtime: str
    system: str
    architecture: str
    cores: int

    def __str__(self) -> str:
        return f"{self.limiter}, {self.runtime} on {self.system} {self.architecture}, {self.cores} cores"


@dataclass(frozen=True, kw_only=True)
class PeakMemory:
    """The peak of each picture, each in an environment that was started for it."""

    environment: MemoryEnvironment
    peak_bytes: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What made the thumbnails.

    `build` is a digest of the compiled libraries in the package, which two builds of the same versions differ
    in. `settings` are the function's variables, and the settings that it writes to its log.
    """

    name: str
    runtime: str
    requirements: tuple[str, ...]
    files_sha256: Mapping[str, str] = field(hash=False)
    settings: Mapping[str, str] = field(hash=False)
    libraries: Mapping[str, str] = field(hash=False)
    platform: str
    build: str


@dataclass(frozen=True, kw_only=True)
class PackageSize:
    """The package for Lambda (x86_64); unzipped it has the same size on every machine."""

    unzipped_bytes: int
    zip_bytes: int


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What the baseline keeps of a run; `scorer` names what made the scores."""

    function: Provenance
    package: PackageSize
    scorer: Mapping[str, str] = field(hash=False)
    thumbnails: Mapping[str, ThumbnailFigures] = field(hash=False)

    @property
    def set_bytes(self) -> int:
        """The bytes of all thumbnails."""
        return sum(thumbnail.size_bytes for thumbnail in self.thumbnails.values())


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Everything that one run saw; `without_thumbnail` has the outcomes of the other pictures."""

    snapshot: Snapshot
    memory: PeakMemory
    images: Mapping[str, bytes] = field(hash=False)
    without_thumbnail: Mapping[str, str] = field(default_factory=dict, hash=False)
