"""The composite action, its steps run as a runner would: in a fresh repository, with a function not ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

_PROJECT = Path(__file__).parents[1]
_ACTION: dict[str, Any] = yaml.safe_load((_PROJECT / "action.yml").read_text())
_EXPRESSION = re.compile(r"\$\{\{\s*(?P<name>[\w.-]+)\s*\}\}")

_FUNCTION = """
import io, json, os, urllib.parse
import boto3
from PIL import Image, ImageOps

QUALITY = 80
s3 = boto3.client("s3")
print(json.dumps({"settings": {"quality": QUALITY}}))


def lambda_handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        image = ImageOps.exif_transpose(Image.open(s3.get_object(Bucket=bucket, Key=key)["Body"]))
        out = io.BytesIO()
        ImageOps.fit(image.convert("RGB"), (120, 120)).save(out, "JPEG", quality=QUALITY)
        name = os.environ["DESTINATION_PREFIX"] + key.removeprefix(os.environ["SOURCE_PREFIX"])
        s3.put_object(Bucket=bucket, Key=name.rpartition(".")[0] + ".jpg", Body=out.getvalue())
"""
_DESCRIPTION = """
name = "square-thumbs"
runtime = "python3.12"
handler = "app.lambda_handler"

[package]
include = ["*.py"]
requirements = ["Pillow==12.0.0"]
"""


def test_every_input_is_described_and_used() -> None:
    text = (_PROJECT / "action.yml").read_text()

    for name, settings in _ACTION["inputs"].items():
        assert settings["description"]
        assert f"inputs.{name}" in text


def test_no_input_becomes_part_of_a_command() -> None:
    scripts = [step["run"] for step in _ACTION["runs"]["steps"] if "run" in step]

    assert scripts
    assert not [script for script in scripts if "${{" in script]


class Runner:
    """Runs the steps of the action that are commands, with GitHub's variables, as its runner does."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder / "workspace"
        self.temporary = folder / "temp"
        self.summary = folder / "summary.md"
        self.workspace.mkdir()
        self.temporary.mkdir()
        self._done: set[str] = set()

    def run(self, **inputs: str) -> tuple[int, str]:
        """Give the exit code of the first step that fails, or 0, and what the steps printed."""
        given = {name: str(entry.get("default", "")) for name, entry in _ACTION["inputs"].items()} | inputs
        said, code = "", 0
        for step in _ACTION["runs"]["steps"]:
            if "run" not in step or (step.get("if") and not given["accept"]) or (code and not step.get("if")):
                continue
            # What the first job installed is still there for the next ones.
            if step["name"].startswith("Install") and step["name"] in self._done:
                continue
            self._done.add(step["name"])
            ended = self._step(step, given)
            code, said = code or ended.returncode, said + ended.stdout
        return code, said

    def _step(self, step: dict[str, Any], given: dict[str, str]) -> subprocess.CompletedProcess[str]:
        values = {f"inputs.{name}": value for name, value in given.items()}
        values["github.action_path"] = str(_PROJECT)
        variables = {
            name: _EXPRESSION.sub(lambda match: values[match["name"]], text)
            for name, text in step.get("env", {}).items()
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace,
            env={**os.environ, **variables, **self._github()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=500,
            check=False,
        )

    def _github(self) -> dict[str, str]:
        return {
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(self.temporary),
            # actions/setup-python puts its Python first.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A repository with a function and pictures of its own."""
    made = Runner(tmp_path)
    (made.workspace / "thumbs").mkdir()
    (made.workspace / "thumbs" / "app.py").write_text(_FUNCTION)
    (made.workspace / "thumbs" / "function.toml").write_text(_DESCRIPTION)
    (made.workspace / "my pictures").mkdir()
    for name in ("photo-busy.jpg", "photo-smooth.jpg"):
        shutil.copy(_PROJECT / "fixtures" / "images" / name, made.workspace / "my pictures")
    return made


@pytest.mark.network
@pytest.mark.timeout(900)
def test_another_repository_gates_its_own_function(runner: Runner) -> None:
    inputs = {
        "function": "thumbs",
        "baseline": "gate/thumbs.json",
        "images": "my pictures",
        "parameters": "ThumbnailFormat=jpeg\nDestinationPrefix=small/\n",
    }
    missing, said = runner.run(**inputs)
    accepted, _ = runner.run(**inputs, accept='first "baseline"')
    held, _ = runner.run(**inputs)
    source = runner.workspace / "thumbs" / "app.py"
    source.write_text(source.read_text().replace("QUALITY = 80", "QUALITY = 60"))
    red, why = runner.run(**inputs)

    assert (missing, accepted, held, red) == (2, 0, 0, 1), said + why
    assert "gate/thumbs.json: expected a baseline, found none" in said
    assert "setting quality: 80 -> 60" in why
    assert "### Thumbnails of square-thumbs: 2 of 2 pictures regressed" in runner.summary.read_text()
    assert (runner.temporary / "thumbrig-gate" / "index.html").exists()
    assert sorted(
        path.name for path in (runner.temporary / "thumbrig-gate" / "baseline").rglob("*") if path.is_file()
    ) == ["photo-busy.jpg.jpg", "photo-smooth.jpg.jpg", "thumbs.json"]
