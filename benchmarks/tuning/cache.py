"""Trials of earlier runs, one small file each.

A trial is named by everything that decides it: both pictures' pixels, the encoding, the encoders' and the
scorer's versions, and for its CPU time the machine and the setting that it was measured in turns with. Each
file is written whole or not at all, so a run may be interrupted, and two may write at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.tuning.pictures import digest
from benchmarks.tuning.setting import Setting
from benchmarks.tuning.trial import Pixels, Trial
from harness.errors import ThumbrigError
from harness.files import replace_file

_FORMAT = 1


class CacheError(ThumbrigError):
    """Raised when trials cannot be kept."""

    def __init__(self, folder: Path, reason: OSError) -> None:
        super().__init__(
            f"{folder}: expected to keep trials there, got: {reason.strerror}; make room for them"
        )


@dataclass(frozen=True, kw_only=True)
class TrialCache:
    """A folder of trials, for one machine (or cluster) and its versions."""

    folder: Path
    machine: str
    versions: dict[str, str]

    def key(self, lossless: Pixels, pixels: Pixels, setting: Setting, *, today: Setting, rounds: int) -> str:
        """Name a trial by what decides it."""
        content = {
            "format": _FORMAT,
            "machine": self.machine,
            "versions": self.versions,
            "lossless": digest(lossless),
            "pixels": digest(pixels),
            "setting": setting.variables,
            "today": today.variables,
            "rounds": rounds,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def read(self, key: str) -> Trial | None:
        """Return a trial if it is there; a file that cannot be read was never whole, and is made again."""
        try:
            stored: dict[str, Any] = json.loads(self._path(key).read_text())
            return Trial(**stored)
        except (OSError, ValueError, TypeError):
            return None

    def write(self, key: str, made: Trial) -> None:
        """Keep a trial."""
        self._keep(self._path(key), json.dumps(asdict(made)).encode())

    def file(self, key: str, make: Callable[[], bytes]) -> bytes:
        """Return a thumbnail's file, or make and keep it: some settings need a second for a soft edge."""
        path = self._path(key).with_suffix(".thumbnail")
        with contextlib.suppress(OSError):
            return path.read_bytes()
        made = make()
        self._keep(path, made)
        return made

    def _keep(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, content)
        except OSError as exc:
            raise CacheError(self.folder, exc) from exc

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key[2:]}.json"
