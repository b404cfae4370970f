from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.application.application import NotReadyError, Upload

if TYPE_CHECKING:
    from pathlib import Path

_OWN = {
    "harness",
    "harness.application",
    "harness.application.application",
    "harness.application.deletion",
    "harness.errors",
    "harness.application.invalidation",
    "harness.application.names",
    "harness.application.pipeline",
    "harness.wait",
}
_IMPORT = """
import sys, harness.application.application
print(*(name for name in sys.modules if name.partition(".")[0] == "harness"))
"""
_UPLOAD = Upload(
    key="in/me.jpg",
    thumbnail_key="out/me.webp",
    original_bytes=1,
    started_epoch_seconds=0.0,
    started_seconds=0.0,
    accepted_seconds=0.0,
)


@pytest.mark.integration
def test_an_application_that_imports_it_gets_nothing_of_the_rig(project: Path) -> None:
    imported = subprocess.run(
        [sys.executable, "-c", _IMPORT], cwd=project, capture_output=True, text=True, check=True
    )

    assert set(imported.stdout.split()) == _OWN


def test_a_time_out_names_the_thumbnail_and_what_is_known() -> None:
    known = NotReadyError(_UPLOAD, 2.0, ["why: it was refused"])
    unknown = NotReadyError(_UPLOAD, 2.0, [])

    assert str(known) == "no thumbnail out/me.webp after 2 s:\n  - why: it was refused"
    assert str(unknown) == "no thumbnail out/me.webp after 2 s"
