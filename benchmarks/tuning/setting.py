"""One way to make a thumbnail, written as the function's own settings are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from benchmarks.tuning.trial import Pixels
from resizer.profiles import REFERENCE
from resizer.settings import Settings
from resizer.switches import NONE, Encoding, Kernel

_PREFIX = "THUMBNAIL_"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """An encoding, and the kernel that resizes before it."""

    encoding: Encoding
    kernel: Kernel = Kernel.LANCZOS3

    @property
    def variables(self) -> dict[str, str]:
        """Write it as a profile does: without what has its default value."""
        encoding = self.encoding
        written = {
            "format": encoding.format.value,
            "quality": str(encoding.quality),
            "effort": str(encoding.effort),
        }
        if self.kernel is not Kernel.LANCZOS3:
            written["kernel"] = self.kernel.value
        for field in fields(encoding.switches):
            value = getattr(encoding.switches, field.name)
            if value != getattr(NONE, field.name):
                written[field.name] = str(value).lower() if isinstance(value, bool) else str(value)
        return written

    @property
    def label(self) -> str:
        """Name it for a person to read."""
        written = self.variables
        start = [written.pop("format"), f"q{written.pop('quality')}", f"e{written.pop('effort')}"]
        return " ".join(
            start + [name if value == "true" else f"{name}={value}" for name, value in written.items()]
        )


def of_profile(name: str) -> Setting:
    """Read a profile as the function does."""
    return _from_env({f"{_PREFIX}PROFILE": name})


def of_variables(variables: Mapping[str, str]) -> Setting:
    """Read what `Setting.variables` wrote."""
    return _from_env({_PREFIX + name.upper(): value for name, value in variables.items()})


def today() -> Setting:
    """Return the setting that the contract states."""
    return of_profile(REFERENCE)


def _from_env(env: Mapping[str, str]) -> Setting:
    settings = Settings.from_env({"BUCKET_NAME": "none", **env})
    return Setting(encoding=settings.encoding, kernel=settings.kernel)


def encode(setting: Setting, pixels: Pixels) -> bytes:
    """Make a thumbnail's file."""
    return pixels.small().encode(setting.encoding)
