"""The settings that the function takes from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from resizer.errors import DestinationInsideSourceError, SettingsError
from resizer.footprint import REST_BYTES
from resizer.formats import OutputFormat
from resizer.memory import Memory
from resizer.profiles import PROFILES, REFERENCE
from resizer.sizes import LARGEST_PIXELS, THUMBNAIL, Size, further_sizes, parse_sizes
from resizer.switches import FORMATS, NONE, Encoding, Kernel, Preset, Subsampling, Switches, Tune

EngineName = Literal["auto", "pillow", "vips"]

T = TypeVar("T", bound=str)

_PREFIX = "THUMBNAIL_"
_RESIZED_PREFIX = "members/profile/resized/"
_PROFILE = "THUMBNAIL_PROFILE"

_BEST_QUALITY = 100
# Any larger could only be a slip of the hand.
_MOST_PIXELS = 10**12
_MOST_DIGITS = 20
_MEMORY_SIZE = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
_MOST_MEMORY_MB = 2**20


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every choice that the environment leaves open, checked."""

    bucket_name: str
    source_prefix: str = "members/profile/originals/"
    destination_prefix: str = "members/profile/resized/thumbnail/"
    engine: EngineName = "auto"
    size: int = 150
    # What is made beside the thumbnail, from the same decode.
    further_sizes: tuple[Size, ...] = ()
    quality: int = 85
    effort: int = 6
    format: OutputFormat = OutputFormat.WEBP
    switches: Switches = NONE
    kernel: Kernel = Kernel.LANCZOS3
    max_pixels: int = 100_000_000
    # What Lambda gives the function; elsewhere nothing is refused for its memory.
    memory_bytes: int | None = None

    @property
    def memory(self) -> Memory:
        """The function's memory, and what the engine takes of it before any picture."""
        return Memory(limit_bytes=self.memory_bytes, rest_bytes=REST_BYTES[self.engine])

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Every size that is made of an original, the thumbnail first."""
        return Size(name=THUMBNAIL, pixels=self.size, prefix=self.destination_prefix), *self.further_sizes

    @property
    def largest_size(self) -> int:
        """The size that a decoder's scale has to cover."""
        return max(size.pixels for size in self.sizes)

    @property
    def encoding(self) -> Encoding:
        """How thumbnails are written."""
        return Encoding(format=self.format, quality=self.quality, effort=self.effort, switches=self.switches)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read and check every variable; the first that does not fit is named in a SettingsError."""
        env = _profile(env) | dict(env)
        output = OutputFormat(_choice(env, "THUMBNAIL_FORMAT", cls.format, tuple(OutputFormat)))
        source, destination = _prefixes(env)
        size, further = _sizes(env, source, destination)
        return cls(
            bucket_name=_bucket(env),
            source_prefix=source,
            destination_prefix=destination,
            engine=_choice(env, "RESIZER_ENGINE", cls.engine, get_args(EngineName)),
            size=size,
            further_sizes=further,
            quality=_whole(env, "THUMBNAIL_QUALITY", cls.quality, 1, _BEST_QUALITY),
            effort=_whole(env, "THUMBNAIL_EFFORT", cls.effort, 0, output.most_effort),
            format=output,
            switches=_switches(env, output),
            kernel=_choice(env, "THUMBNAIL_KERNEL", cls.kernel, tuple(Kernel)),
            max_pixels=_whole(env, "MAX_PIXELS", cls.max_pixels, 1, _MOST_PIXELS),
            memory_bytes=_memory(env),
        )


def _memory(env: Mapping[str, str]) -> int | None:
    if _MEMORY_SIZE not in env:
        return None
    return _whole(env, _MEMORY_SIZE, 0, 1, _MOST_MEMORY_MB) * 2**20


def _bucket(env: Mapping[str, str]) -> str:
    name = env.get("BUCKET_NAME")
    if not name:
        raise SettingsError("BUCKET_NAME", "the name of a bucket", name)
    return name


def _prefixes(env: Mapping[str, str]) -> tuple[str, str]:
    source = env.get("SOURCE_PREFIX", Settings.source_prefix)
    destination = env.get("DESTINATION_PREFIX", Settings.destination_prefix)
    if destination.startswith(source):
        raise DestinationInsideSourceError(source, destination)
    for variable, value in (("SOURCE_PREFIX", source), ("DESTINATION_PREFIX", destination)):
        if value and not value.endswith("/"):
            raise SettingsError(variable, "a prefix that ends in '/'", value)
    return source, destination


def _sizes(env: Mapping[str, str], source: str, destination: str) -> tuple[int, tuple[Size, ...]]:
    """Return the thumbnail's pixels and the further sizes, of which none may be an upload again."""
    pixels = _whole(env, "THUMBNAIL_SIZE", Settings.size, 1, LARGEST_PIXELS)
    if "THUMBNAIL_SIZES" not in env:
        return pixels, ()
    named = parse_sizes(env["THUMBNAIL_SIZES"])
    if "THUMBNAIL_SIZE" in env and named[THUMBNAIL] != pixels:
        expected = f"no other size than THUMBNAIL_SIZES names, {named[THUMBNAIL]}"
        raise SettingsError("THUMBNAIL_SIZE", expected, env["THUMBNAIL_SIZE"])
    resized = env.get("RESIZED_PREFIX", _RESIZED_PREFIX)
    further = further_sizes(named, resized_prefix=resized)
    for size in further:
        if size.prefix.startswith(source):
            raise DestinationInsideSourceError(source, size.prefix, variable="RESIZED_PREFIX")
        if size.prefix.startswith(destination) or destination.startswith(size.prefix):
            raise SettingsError(
                "RESIZED_PREFIX", f"a place where {size.name!r} is not the thumbnails'", resized
            )
    if resized and not resized.endswith("/"):
        raise SettingsError("RESIZED_PREFIX", "a prefix that ends in '/'", resized)
    return named[THUMBNAIL], further


def _profile(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the profile sets; the environment's own override them."""
    name = _choice(env, _PROFILE, REFERENCE, tuple(PROFILES))
    return {_PREFIX + setting.upper(): value for setting, value in PROFILES[name].items()}


def _switches(env: Mapping[str, str], output: OutputFormat) -> Switches:
    for name, formats in FORMATS.items():
        variable = _PREFIX + name.upper()
        if variable in env and output not in formats:
            having = " or ".join(sorted(formats))
            raise SettingsError(variable, f"no such switch for {output}, only for {having}", env[variable])
    return Switches(
        sharp_yuv=_flag(env, "THUMBNAIL_SHARP_YUV"),
        preset=_choice(env, "THUMBNAIL_PRESET", NONE.preset, tuple(Preset)),
        sns_strength=_open(env, "THUMBNAIL_SNS_STRENGTH", 100),
        filter_strength=_open(env, "THUMBNAIL_FILTER_STRENGTH", 100),
        filter_sharpness=_open(env, "THUMBNAIL_FILTER_SHARPNESS", 7),
        passes=_whole(env, "THUMBNAIL_PASSES", NONE.passes, 1, 10),
        alpha_quality=_whole(env, "THUMBNAIL_ALPHA_QUALITY", NONE.alpha_quality, 0, 100),
        subsampling=_choice(env, "THUMBNAIL_SUBSAMPLING", NONE.subsampling, tuple(Subsampling)),
        tune=_choice(env, "THUMBNAIL_TUNE", NONE.tune, tuple(Tune)),
        progressive=_flag(env, "THUMBNAIL_PROGRESSIVE"),
        trellis=_flag(env, "THUMBNAIL_TRELLIS"),
        quant_table=_whole(env, "THUMBNAIL_QUANT_TABLE", NONE.quant_table, 0, 8),
    )


def _flag(env: Mapping[str, str], variable: str) -> bool:
    return _choice(env, variable, "false", ("true", "false")) == "true"


def _open(env: Mapping[str, str], variable: str, most: int) -> int | None:
    """Read a number that may be left open."""
    return _whole(env, variable, 0, 0, most) if variable in env else None


def _choice(env: Mapping[str, str], variable: str, default: T, choices: tuple[T, ...]) -> T:
    value = env.get(variable, default)
    for choice in choices:
        if value == choice:
            return choice
    raise SettingsError(variable, f"one of {', '.join(choices)}", value)


def _whole(env: Mapping[str, str], variable: str, default: int, least: int, most: int) -> int:
    value = env.get(variable)
    if value is None:
        return default
    # isdecimal alone would let other scripts' digits pass, int alone " 1_0".
    if not (
        value.isascii() and value.isdecimal() and len(value) < _MOST_DIGITS and least <= int(value) <= most
    ):
        raise SettingsError(variable, f"a whole number from {least:,} to {most:,}", value)
    return int(value)
