"""The gate as a person runs it, on a function without requirements: its output and its reports."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from PIL import Image

from harness.wait import wait_for
from tests.conftest import FunctionFolders

pytestmark = pytest.mark.integration

_PROJECT = Path(__file__).parents[3]

# It answers with one and the same thumbnail, whatever comes: what counts is how the gate takes it.
_SOURCE = """
import base64, os, time, urllib.parse
import boto3

THUMBNAIL = base64.b64decode("{thumbnail}")

def handle(event, context):
    key = urllib.parse.unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    {before}
    name = os.environ["DESTINATION_PREFIX"] + key.removeprefix(os.environ["SOURCE_PREFIX"]).rsplit(".", 1)[0]
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET_NAME"], Key=name + ".webp", Body=THUMBNAIL)
"""


def _thumbnail(side: int = 150) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(buffer, "WEBP")
    return buffer.getvalue()


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A function, pictures and a baseline on a person's disk."""

    folder: Path

    @property
    def function(self) -> Path:
        return self.folder / "function"

    @property
    def baseline(self) -> Path:
        return self.folder / "baseline.json"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def write(self, *, thumbnail: bytes | None = None, before: str = "pass") -> None:
        """Write the function."""
        encoded = base64.b64encode(_thumbnail() if thumbnail is None else thumbnail).decode()
        (self.function / "index.py").write_text(_SOURCE.format(thumbnail=encoded, before=before))

    def command(self, *arguments: str) -> list[str]:
        """Build the command."""
        options = ["--function", self.function, "--baseline", self.baseline]
        options += ["--images", self.folder / "pictures", "--output", self.folder / "reports"]
        return [sys.executable, "-m", "benchmarks.gate", *map(str, options), *arguments]

    def environment(self) -> dict[str, str]:
        """Name its own folder for temporary files."""
        inherited = {name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"}
        return {**inherited, "TMPDIR": str(self.temporary)}

    def gate(self, *arguments: str, code: int) -> str:
        """Run the gate, which must end with the code and leave no temporary file; return its output."""
        ended = subprocess.run(
            self.command(*arguments),
            cwd=_PROJECT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=90,
            check=False,
        )

        assert ended.returncode == code, ended.stdout
        assert "Traceback" not in ended.stdout
        assert not list(self.temporary.iterdir())
        return ended.stdout.strip()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, function_folders: FunctionFolders) -> Workspace:
    """A function that works, a picture, and their baseline."""
    made = Workspace(folder=tmp_path_factory.mktemp("workspace") / "original")
    shutil.copytree(function_folders.make(""), made.function)
    made.write()
    made.temporary.mkdir()
    (made.folder / "pictures").mkdir()
    Image.linear_gradient("L").save(made.folder / "pictures" / "grey.png")
    made.gate("--accept", "first baseline", code=0)
    return made


@pytest.fixture
def accepted(original: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it, to change."""
    shutil.copytree(original.folder, tmp_path / "workspace")
    return Workspace(folder=tmp_path / "workspace")


def test_a_function_that_did_not_change_is_held(accepted: Workspace) -> None:
    assert "green: held: 1 picture" in accepted.gate(code=0)


def test_a_function_that_makes_larger_pictures_is_red(accepted: Workspace) -> None:
    accepted.write(thumbnail=_thumbnail(200))

    said = accepted.gate(code=1)

    assert "200x200" in said
    assert "function's files changed: index.py" in said


def test_a_function_that_fails_now_leaves_its_picture_missing(accepted: Workspace) -> None:
    accepted.write(before="raise KeyError(key)")

    assert "no thumbnail: error: KeyError" in accepted.gate(code=1)


def test_a_function_that_writes_nothing_leaves_its_picture_missing(accepted: Workspace) -> None:
    accepted.write(before="return None")

    assert "no thumbnail, and no error either" in accepted.gate(code=1)


def test_a_function_that_writes_no_picture_cannot_be_judged(accepted: Workspace) -> None:
    accepted.write(thumbnail=b"not a picture")

    said = accepted.gate(code=2)

    assert said.startswith("cannot judge: grey.png: expected a picture as its thumbnail, got 13 bytes")


def test_a_baseline_of_another_function_cannot_judge(accepted: Workspace) -> None:
    description = accepted.function / "function.toml"
    description.write_text(description.read_text().replace('"small"', '"mine"'))

    said = accepted.gate(code=2)

    assert said.startswith("cannot judge: expected a baseline of function 'mine', got one of 'small'")


def test_a_baseline_of_a_newer_format_cannot_judge(accepted: Workspace) -> None:
    stored = json.loads(accepted.baseline.read_text())
    accepted.baseline.write_text(json.dumps({**stored, "format": "thumbrig-gate-baseline/9"}))

    said = accepted.gate(code=2)

    assert "expected a baseline of format thumbrig-gate-baseline/1, got format" in said
    assert len(said.splitlines()) == 1


def test_an_unreadable_picture_cannot_be_judged_by(accepted: Workspace) -> None:
    broken = accepted.folder / "pictures" / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and no more")

    assert accepted.gate(code=2).startswith(f"cannot judge: {broken}: expected a picture to judge by")


def test_a_truncated_picture_cannot_be_judged_by(accepted: Workspace) -> None:
    path = accepted.folder / "pictures" / "grey.png"
    path.write_bytes(path.read_bytes()[:-60])

    assert accepted.gate(code=2).startswith(f"cannot judge: {path}: expected a picture to judge by")


def test_accepting_without_a_reason_is_refused_and_nothing_written(accepted: Workspace) -> None:
    before = accepted.baseline.read_bytes()

    said = accepted.gate("--accept", " ", code=2)

    assert "--accept: expected a reason" in said
    assert accepted.baseline.read_bytes() == before


def test_ctrl_c_leaves_nothing_and_does_not_wait_for_the_function(accepted: Workspace) -> None:
    mark = accepted.folder / "began"
    accepted.write(before=f"open({str(mark)!r}, 'w').close(); time.sleep(25)")
    before = accepted.baseline.read_bytes()
    with subprocess.Popen(
        accepted.command("--accept", "never"),
        cwd=_PROJECT,
        env=accepted.environment(),
        text=True,
        stderr=subprocess.PIPE,
        # Ctrl-C goes to the rig's group only, not to the tests.
        start_new_session=True,
    ) as rig:
        wait_for(lambda: _began(rig, mark), f"expected the function to write {mark}", timeout_seconds=60)
        started = psutil.Process(rig.pid).children(recursive=True)
        os.killpg(rig.pid, signal.SIGINT)
        _, said = rig.communicate(timeout=15)

    assert rig.returncode == 130
    assert said.strip() == "thumbrig: interrupted, everything is stopped"
    assert not [process for process in started if _lives(process)]
    assert not list(accepted.temporary.iterdir())
    assert accepted.baseline.read_bytes() == before


def _lives(process: psutil.Process) -> bool:
    try:
        # A dead one may wait for its parent, which in a container never asks.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _began(rig: subprocess.Popen[str], mark: Path) -> bool | None:
    assert rig.poll() is None, rig.stderr and rig.stderr.read()
    return mark.exists() or None
