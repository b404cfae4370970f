"""What the demo's tests share."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.application import Upload
from harness.demo.state import EdgeAnswer, Photo


@pytest.fixture
def photo() -> Photo:
    """A photo that has just been accepted."""
    upload = Upload(
        key="originals/1-me.jpg",
        thumbnail_key="thumbnails/1-me.webp",
        original_bytes=3_111_269,
        started_epoch_seconds=1_700_000_000.0,
        started_seconds=10.0,
        accepted_seconds=0.02,
    )
    return Photo(
        id="1",
        number=1,
        name="me.jpg",
        upload=upload,
        address="https://127.0.0.1:1/thumbnails/1-me.webp",
        content_type="image/jpeg",
        asking="bucket",
        remembered_seconds=10.0,
    )


class Answers:
    """Answers of an edge, as they would be."""

    def picture(self, *, after_seconds: float = 0.1) -> EdgeAnswer:
        """A thumbnail."""
        return self._answer(
            200, {"content-type": "image/webp", "x-cache": "Miss from cloudfront"}, after_seconds
        )

    def missing(self, *, after_seconds: float = 0.01) -> EdgeAnswer:
        """What a private bucket makes of a missing key."""
        headers = {"content-type": "application/xml", "x-cache": "Error from cloudfront", "x-amz-id-2": "no"}
        return self._answer(403, headers, after_seconds)

    def _answer(self, status: int, headers: Mapping[str, str], after_seconds: float) -> EdgeAnswer:
        return EdgeAnswer(
            after_seconds=after_seconds, took_seconds=0.02, status=status, headers=headers, body=b"body"
        )


@pytest.fixture
def answers() -> Answers:
    """Answers of an edge."""
    return Answers()


class RunningDemo:
    """The command, as a person runs it; `url` is what it printed."""

    def __init__(self, process: subprocess.Popen[str], temporary: Path) -> None:
        self.process = process
        self.temporary = temporary
        assert process.stdout is not None
        self.said = process.stdout.readline()
        self.url = self.said.partition(" ")[0].rstrip("/")

    @property
    def port(self) -> int:
        """The page's port."""
        return int(self.url.rpartition(":")[2])

    def interrupt(self) -> str:
        """Press Ctrl-C; gives the rest of what it said."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.communicate(timeout=30)[0]


@contextlib.contextmanager
def running_demo(*arguments: str | Path, temporary: Path) -> Iterator[RunningDemo]:
    """Run the command inside the block, its temporary files in a folder of their own."""
    temporary.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "harness", "demo", *map(str, arguments)],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "TMPDIR": str(temporary)},
        text=True,
        stdout=subprocess.PIPE,
        # Ctrl-C goes to the demo's group only, not to the tests.
        start_new_session=True,
    ) as process:
        try:
            yield RunningDemo(process, temporary)
        finally:
            process.terminate()
