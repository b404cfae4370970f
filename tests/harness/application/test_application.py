from __future__ import annotations

import inspect

import harness.application
from harness.application import NotReadyError, Upload

_UPLOAD = Upload(
    key="in/me.jpg",
    thumbnail_key="out/me.webp",
    original_bytes=1,
    started_epoch_seconds=0.0,
    started_seconds=0.0,
    accepted_seconds=0.0,
)


def test_the_public_names_are_these() -> None:
    assert harness.application.__all__ == [
        "THUMBNAIL",
        "Application",
        "Deletion",
        "DeletionSweep",
        "Invalidation",
        "NoCdnError",
        "NoSuchSizeError",
        "NotAnOriginalError",
        "NotDeletedError",
        "NotReadyError",
        "Overwrite",
        "Pipeline",
        "Replacement",
        "Thumbnail",
        "Upload",
    ]


def test_every_public_name_is_exported() -> None:
    exported = {
        name
        for name, value in vars(harness.application).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }

    assert exported == set(harness.application.__all__)


def test_a_time_out_names_the_thumbnail_and_what_is_known() -> None:
    known = NotReadyError(_UPLOAD, 2.0, ["why: it was refused"])
    unknown = NotReadyError(_UPLOAD, 2.0, [])

    assert str(known) == "no thumbnail out/me.webp after 2 s:\n  - why: it was refused"
    assert str(unknown) == "no thumbnail out/me.webp after 2 s"
