"""`python -m benchmarks tune` as a person types it."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.tuning import results
from fixtures.pictures import picture
from harness import process
from harness.wait import wait_for

if TYPE_CHECKING:
    from click.testing import Result

pytestmark = pytest.mark.integration


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["tune", *arguments])


def _photos(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(picture("photo-dark.jpg").path(), folder)
    return folder


def _one_line(result: Result, text: str) -> None:
    assert result.exit_code == 2
    assert result.stderr.startswith("thumbrig: ")
    assert result.stderr.count("\n") == 1
    assert text in result.stderr


def test_an_unknown_format_is_refused_in_one_line() -> None:
    _one_line(_run("--formats", "webp,png"), "--formats: expected some of webp, avif, jpeg, got 'png'")


def test_an_empty_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    _one_line(_run("--images", str(tmp_path)), "expected a folder with photos, found no picture in it")


def test_a_photo_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")

    _one_line(_run("--images", str(tmp_path)), "broken.jpg: expected a picture that the function can read")


def test_a_scheduler_that_is_not_there_is_refused_in_one_line() -> None:
    pytest.importorskip("distributed", reason="distributed is not installed")

    _one_line(_run("--scheduler", "tcp://127.0.0.1:9"), "expected a Dask scheduler with workers")


@pytest.mark.timeout(300)
def test_a_run_ends_with_a_pick_a_report_and_nothing_to_do_the_second_time(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "photos")
    places = ("--output", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"))
    command = ("--quick", "--formats", "webp", "--images", str(photos), *places)

    first = _run(*command)
    second = _run(*command)

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    stored = results.read(tmp_path / "out" / "results.json")
    pick, today = stored.candidate(stored.pick), stored.candidate(stored.today)
    assert pick.mean_bytes <= today.mean_bytes
    assert pick.mean_ssimulacra2 >= today.mean_ssimulacra2
    assert f"THUMBNAIL_QUALITY={pick.variables['quality']}" in first.output
    assert "USD a month" in first.output
    assert (tmp_path / "out" / "index.html").exists()
    assert "trials in" in first.stderr
    assert second.stderr == ""
    assert first.stdout == second.stdout


@pytest.mark.timeout(300)
def test_a_score_out_of_reach_is_reported_in_one_line(tmp_path: Path) -> None:
    photos = _photos(tmp_path / "photos")
    places = ("--output", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"))

    result = _run("--quick", "--formats", "jpeg", "--target-score", "100", "--images", str(photos), *places)

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("thumbrig: expected a setting for the aim")


@pytest.mark.timeout(300)
def test_ctrl_c_ends_a_run_with_one_line_and_keeps_what_was_measured(tmp_path: Path, project: Path) -> None:
    cache, log = tmp_path / "cache", tmp_path / "log"
    places = ("--output", str(tmp_path / "out"), "--cache", str(cache))
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "tune",
        "--images",
        str(_photos(tmp_path / "photos")),
        *places,
    ]

    with process.running(command, cwd=project, env=os.environ, log=log) as running:
        wait_for(
            lambda: any(cache.rglob("*.json")) or None,
            lambda: f"expected trials in {cache}, got none; the run says {log.read_text()!r}",
            timeout_seconds=120,
        )
        children = psutil.Process(running.pid).children(recursive=True)
        os.killpg(running.pid, signal.SIGINT)
        code = running.wait(60)
        # By themselves: the end of the block would kill the whole group.
        _, left = psutil.wait_procs(children, timeout=10)

    assert code == 130
    assert log.read_text().splitlines()[-1] == (
        "thumbrig: interrupted; what was measured is kept, and the next run goes on from it"
    )
    assert "Traceback" not in log.read_text()
    assert left == []
