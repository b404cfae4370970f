"""What a person sees after a command that cannot work, and that nothing is left running after it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.wait import wait_for
from tests.conftest import FunctionFolders

pytestmark = pytest.mark.integration

_PROJECT = Path(__file__).parents[2]
_EMULATOR = "harness.targets.embedded.ministack_server"
_RUNTIME = "awslambdaric"

_HANGS = """
import time

def handle(event, context):
    time.sleep(25)
"""

_REFUSES = """
import json, urllib.parse

def handle(event, context):
    key = urllib.parse.unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    print(json.dumps({"level": "error", "key": key, "type": "NotAnImage", "reason": "it is text"}))
    return {"statusCode": 200, "body": "{}"}
"""


@pytest.fixture
def function_folder(function_folders: FunctionFolders) -> Path:
    """A function that never ends."""
    return function_folders.make(_HANGS)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A file to upload; these functions do not look inside."""
    path = tmp_path / "me.jpg"
    path.write_bytes(b"not read")
    return path


def _command(*arguments: str | Path, verb: str = "e2e") -> list[str]:
    return [sys.executable, "-m", "harness", verb, *map(str, arguments)]


def _environment(temporary: Path) -> dict[str, str]:
    temporary.mkdir(exist_ok=True)
    return {**os.environ, "TMPDIR": str(temporary)}


def _refused(temporary: Path, *arguments: str | Path, verb: str = "e2e") -> str:
    """Run the command; it must end by itself with a code and leave no file. Returns what it printed."""
    ended = subprocess.run(
        _command(*arguments, verb=verb),
        cwd=_PROJECT,
        env=_environment(temporary),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert not list(temporary.iterdir())
    return ended.stderr.strip()


def test_no_such_photo(tmp_path: Path, function_folder: Path) -> None:
    said = _refused(tmp_path / "tmp", "--function", function_folder, "--photo", tmp_path / "nobody.jpg")

    assert said == (
        f"thumbrig: {tmp_path}/nobody.jpg: expected a photo, cannot read it: No such file or directory;"
        " check the path"
    )


def test_no_such_photo_for_a_timeline(tmp_path: Path, function_folder: Path) -> None:
    photo = tmp_path / "nobody.jpg"

    said = _refused(tmp_path / "tmp", photo, "--function", function_folder, verb="timeline")

    assert said.startswith(f"thumbrig: {photo}: expected a photo, cannot read it")


def test_a_refused_photo_s_timeline_is_kept_and_says_why(
    tmp_path: Path, function_folder: Path, photo: Path
) -> None:
    (function_folder / "index.py").write_text(_REFUSES)
    output = tmp_path / "timeline"

    said = _refused(
        tmp_path / "tmp", photo, "--function", function_folder, "--output", output, verb="timeline"
    )

    assert "no thumbnail: the function refused it for good" in said
    assert (
        "NotAnImage: it is text" in json.loads((output / "timeline.json").read_text())["cold"]["why_missing"]
    )


def test_a_photo_that_is_a_folder(tmp_path: Path, function_folder: Path) -> None:
    said = _refused(tmp_path / "tmp", "--function", function_folder, "--photo", tmp_path)

    assert "expected a photo, cannot read it: Is a directory" in said


def test_no_such_function_folder(tmp_path: Path) -> None:
    said = _refused(tmp_path / "tmp", "--function", tmp_path / "nothing")

    assert said.startswith(f"thumbrig: {tmp_path}/nothing: expected a function folder, found nothing")
    assert len(said.splitlines()) == 1


def test_a_port_that_is_taken(tmp_path: Path, function_folder: Path, photo: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        said = _refused(tmp_path / "tmp", "--function", function_folder, "--photo", photo, "--port", port)

    assert said == f"thumbrig: port {port} is in use: expected a free one on 127.0.0.1; give another, or none"


def test_a_photo_that_the_function_refuses(tmp_path: Path, function_folder: Path, photo: Path) -> None:
    (function_folder / "index.py").write_text(_REFUSES)

    said = _refused(tmp_path / "tmp", "--function", function_folder, "--photo", photo)

    assert said == f"thumbrig: {photo}: no thumbnail, the function refuses it: NotAnImage: it is text"
    assert not photo.with_name("me.thumbnail.webp").exists()


def test_a_package_that_cannot_be_written(tmp_path: Path, function_folder: Path) -> None:
    output = tmp_path / "nowhere" / "f.zip"

    said = _refused(tmp_path / "tmp", function_folder, "--output", output, verb="package")

    assert said == (
        f"thumbrig: {output}: expected a place for the package, cannot write there: No such file or directory"
    )


def test_a_package_is_written_and_described(tmp_path: Path, function_folder: Path) -> None:
    output = tmp_path / "f.zip"
    command = _command(function_folder, "--architecture", "arm64", "--output", output, verb="package")

    said = subprocess.run(
        command, cwd=_PROJECT, env=_environment(tmp_path / "tmp"), capture_output=True, text=True, check=True
    ).stdout

    assert "sound for python3.13 on arm64 linux (glibc 2.34)" in said
    assert hashlib.sha256(output.read_bytes()).hexdigest() in said


@pytest.fixture
def hanging(tmp_path: Path, function_folder: Path, photo: Path) -> Iterator[subprocess.Popen[str]]:
    """A run in the middle of an invocation."""
    command = _command("--function", function_folder, "--photo", photo)
    with subprocess.Popen(
        command,
        cwd=_PROJECT,
        env=_environment(tmp_path / "tmp"),
        text=True,
        stderr=subprocess.PIPE,
        # Ctrl-C goes to the rig's group only, not to the tests.
        start_new_session=True,
    ) as rig:
        _wait_until_running(rig, _EMULATOR, _RUNTIME)
        yield rig
        rig.kill()


def test_ctrl_c_leaves_nothing_running(tmp_path: Path, hanging: subprocess.Popen[str]) -> None:
    started = _started_by(hanging)

    os.killpg(hanging.pid, signal.SIGINT)
    _, said = hanging.communicate(timeout=30)

    assert hanging.returncode == 130
    assert said.strip() == "thumbrig: interrupted, everything is stopped"
    _wait_until_nothing_is_left(started, tmp_path / "tmp")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_rig_leaves_nothing_running(
    tmp_path: Path, hanging: subprocess.Popen[str], number: signal.Signals
) -> None:
    started = _started_by(hanging)

    hanging.send_signal(number)
    hanging.communicate(timeout=30)

    _wait_until_nothing_is_left(started, tmp_path / "tmp")


def _started_by(rig: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(rig.pid).children(recursive=True)


def _wait_until_running(rig: subprocess.Popen[str], *words: str) -> None:
    """Wait until processes whose command lines have these words run below the rig."""

    def commands() -> str:
        return " ".join(" ".join(process.cmdline()) for process in _started_by(rig))

    def look() -> bool | None:
        assert rig.poll() is None, rig.stderr and rig.stderr.read()
        running = commands()
        return all(word in running for word in words) or None

    wait_for(look, lambda: f"expected {words} to run, there is {commands()}", timeout_seconds=60)


def _wait_until_nothing_is_left(started: list[psutil.Process], temporary: Path) -> None:
    """Wait until every process is gone, or dead and only waiting for its parent, and the folder is empty."""
    assert len(started) >= 3, "the emulator, a function and the guardian"

    def left() -> list[object]:
        return [*filter(_lives, started), *temporary.iterdir()]

    wait_for(
        lambda: None if left() else True,
        lambda: f"expected nothing left, there is {left()}",
        timeout_seconds=10,
    )


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
