"""A bucket in memory, settings, and the handler as Lambda would import it."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus

import pytest
from PIL import Image

from resizer.errors import OriginalMissingError
from resizer.formats import Buffer
from resizer.settings import Settings

BUCKET = "photos"
SOURCE = Settings.source_prefix


class MemoryStorage:
    """A bucket in memory that can also refuse keys, as S3 does on a bad day."""

    def __init__(self) -> None:
        self.originals: dict[str, bytes] = {}
        self.thumbnails: dict[str, tuple[bytes, str]] = {}
        self.failing: dict[str, Exception] = {}

    def get(self, key: str, *, admit: Callable[[int], None]) -> Buffer:
        if key in self.failing:
            raise self.failing[key]
        if key not in self.originals:
            raise OriginalMissingError(key)
        admit(len(self.originals[key]))
        return memoryview(self.originals[key])

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        self.thumbnails[key] = (data, content_type)

    def upload(self, name: str, data: bytes) -> str:
        """Put an original where uploads arrive; return its key."""
        self.originals[SOURCE + name] = data
        return SOURCE + name


class Log:
    """The lines that the function wrote."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def lines(self) -> list[dict[str, Any]]:
        """Read what was written since the last time."""
        return [json.loads(line) for line in self._captured.readouterr().out.splitlines()]


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def settings() -> Settings:
    # The effort costs time and changes no answer.
    return Settings(bucket_name=BUCKET, effort=0)


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(capsys)


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler's module, whose import reads the environment."""
    monkeypatch.setenv("BUCKET_NAME", BUCKET)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    return importlib.import_module("resizer.handler")


def notification(*keys: str, bucket: str = BUCKET, event: str = "ObjectCreated:Put") -> dict[str, Any]:
    """Build a notification of these objects, as S3 sends it."""
    return {"Records": [record(key, bucket=bucket, event=event) for key in keys]}


def record(key: str, *, bucket: str = BUCKET, event: str = "ObjectCreated:Put") -> dict[str, Any]:
    """Build the record of one object, its key encoded as S3 does it."""
    return {
        "eventSource": "aws:s3",
        "eventName": event,
        "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}},
    }


def png(width: int = 30, height: int = 20, mode: str = "RGB") -> bytes:
    """Make a small picture."""
    file = io.BytesIO()
    Image.new(mode, (width, height), 200 if mode == "L" else None).save(file, "PNG")
    return file.getvalue()
