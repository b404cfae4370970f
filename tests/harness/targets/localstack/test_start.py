"""What a person reads when LocalStack cannot start; and that nothing of a run is left, however it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.containers import engine as containers
from harness.run_folder import PortTakenError, free_port
from harness.targets.localstack import service
from harness.targets.localstack.api import read_status
from harness.targets.localstack.target import localstack_target
from harness.wait import wait_for

if TYPE_CHECKING:
    from docker import DockerClient

    from harness.aws import Aws
    from harness.package.function import FunctionFolder

# LocalStack starts in seconds on a machine that does nothing else.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(400)]

_PROJECT = Path(__file__).parents[4]
_IMAGE = os.environ.get("LOCALSTACK_IMAGE") or service.DEFAULT_IMAGE
# What LocalStack 2026 says, and ends with, when it is started without a token.
_WITHOUT_LICENCE = "echo 'License activation failed! No credentials were found in the environment.'; exit 55"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A file to upload; the small function does not look inside."""
    path = tmp_path / "me.jpg"
    path.write_bytes(b"not read")
    return path


@pytest.fixture
def command(obedient: FunctionFolder, photo: Path) -> list[str]:
    """The command of a run that waits for a thumbnail which never comes."""
    arguments = ["--target", "localstack", "--function", str(obedient.path), "--photo", str(photo)]
    return [sys.executable, "-m", "harness", "e2e", *arguments]


def _refused(command: list[str], temporary: Path, **variables: str) -> str:
    """Run the command; it must end by itself with code 2 and leave no file. Returns what it said."""
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), **variables}
    done = subprocess.run(
        command, cwd=_PROJECT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )

    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert not list(temporary.iterdir())
    return done.stderr.strip()


def _image_that(engine: DockerClient, does: str) -> Iterator[str]:
    """Make an image that does something else than LocalStack."""
    name = "thumbrig-test/instead-of-localstack:1"
    made = engine.containers.create(_IMAGE, entrypoint=["true"])
    try:
        entrypoint = json.dumps(["/bin/sh", "-c", does])
        made.commit("thumbrig-test/instead-of-localstack", "1", changes=f"ENTRYPOINT {entrypoint}")
    finally:
        made.remove()
    yield name
    engine.images.remove(name, force=True)


@pytest.fixture
def image_that_wants_a_token(engine: DockerClient) -> Iterator[str]:
    """A LocalStack newer than 4.14.0, as far as its end is concerned."""
    yield from _image_that(engine, _WITHOUT_LICENCE)


@pytest.fixture
def image_that_ends(engine: DockerClient) -> Iterator[str]:
    """A LocalStack that ends as it starts."""
    yield from _image_that(engine, "echo the disk is full; exit 3")


def test_no_engine(command: list[str], tmp_path: Path) -> None:
    said = _refused(command, tmp_path / "tmp", DOCKER_HOST=f"unix://{tmp_path}/none.sock")

    assert said.startswith("thumbrig: no Docker engine answers (No such file or directory)")
    assert len(said.splitlines()) == 1


def test_no_compose(command: list[str], tmp_path: Path) -> None:
    said = _refused(command, tmp_path / "tmp", PATH=str(tmp_path))

    assert said.startswith("thumbrig: no Docker Compose: expected `docker compose version`")
    assert len(said.splitlines()) == 1


def test_a_port_that_is_taken(command: list[str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        said = _refused([*command, "--port", port], tmp_path / "tmp")

    assert said == f"thumbrig: port {port} is in use: expected a free one on 127.0.0.1; give another, or none"


def test_a_port_that_is_taken_after_it_was_found_free(engine: DockerClient) -> None:
    with containers.started_run(engine) as run, socket.create_server(("127.0.0.1", 0)) as other:
        project = service.Project(
            name=f"thumbrig-{run.id}", files=(service.COMPOSE_FILE,), variables={"LOCALSTACK_IMAGE": _IMAGE}
        )
        try:
            with pytest.raises(PortTakenError):
                project.up(other.getsockname()[1])
            # As when no port was asked for: the same project gets another one.
            assert project.up(free_port(None))
        finally:
            containers.remove_container(engine, service.container_of(engine, project.name))
            engine.api.remove_network(f"{project.name}_default")


def test_an_image_that_is_missing(command: list[str], tmp_path: Path) -> None:
    said = _refused(command, tmp_path / "tmp", LOCALSTACK_IMAGE="127.0.0.1:9/thumbrig/none:1").splitlines()

    assert said[0] == "thumbrig: pulling 127.0.0.1:9/thumbrig/none:1, once"
    assert said[1].startswith("thumbrig: image 127.0.0.1:9/thumbrig/none:1 is not on this engine and cannot")
    assert len(said) == 2


@pytest.mark.parametrize(
    ("token", "found"),
    [
        pytest.param("", "none was given", id="none"),
        pytest.param("ls-123", "the one given is not accepted", id="not-accepted"),
    ],
)
def test_a_token_that_is_required(
    command: list[str], tmp_path: Path, image_that_wants_a_token: str, token: str, found: str
) -> None:
    variables = {"LOCALSTACK_IMAGE": image_that_wants_a_token, "LOCALSTACK_AUTH_TOKEN": token}
    said = _refused(command, tmp_path / "tmp", **variables)

    assert said == (
        f"thumbrig: {image_that_wants_a_token} wants an auth token, {found}: set LOCALSTACK_AUTH_TOKEN, or "
        "take localstack/localstack:4.14.0, the last version that needs none"
    )


def test_a_localstack_that_ends(command: list[str], tmp_path: Path, image_that_ends: str) -> None:
    said = _refused(command, tmp_path / "tmp", LOCALSTACK_IMAGE=image_that_ends)

    assert said == ("thumbrig: LocalStack did not start: it ended with exit code 3\nthe disk is full")


def test_no_localstack_at_the_endpoint(command: list[str], tmp_path: Path) -> None:
    said = _refused([*command, "--endpoint", "http://127.0.0.1:9"], tmp_path / "tmp")

    assert said.startswith("thumbrig: no LocalStack at http://127.0.0.1:9: ")
    assert len(said.splitlines()) == 1


def _names(engine: DockerClient) -> frozenset[str]:
    """Name the containers and networks of runs."""
    listed = engine.api.containers(all=True, filters={"label": containers.RUN_LABEL})
    networks = engine.api.networks(filters={"label": containers.RUN_LABEL})
    names = [name for one in listed for name in one["Names"]] + [one["Name"] for one in networks]
    # Containers of the limiter docker have names of the engine's making; a run of that may be going on.
    return frozenset(name for name in names if "thumbrig-" in name)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_nothing(
    command: list[str], tmp_path: Path, engine: DockerClient, number: signal.Signals
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    known = _names(engine)
    with subprocess.Popen(
        command, cwd=_PROJECT, env={**os.environ, "TMPDIR": str(temporary)}, stderr=subprocess.PIPE, text=True
    ) as run:
        # Its canary's container, so LocalStack is up and has started some of its own.
        try:
            wait_for(
                lambda: any("-lambda-" in name for name in _names(engine) - known) or None,
                lambda: f"expected a function's container, found {_names(engine) - known}",
                timeout_seconds=240,
            )
        finally:
            run.send_signal(number)
        _, said = run.communicate(timeout=60)

    wait_for(
        lambda: not _names(engine) - known or None,
        lambda: f"expected nothing, found {_names(engine) - known}",
        timeout_seconds=60,
    )
    wait_for(
        lambda: not list(temporary.iterdir()) or None,
        lambda: f"expected {temporary} to be empty, it has {list(temporary.iterdir())}",
        timeout_seconds=10,
    )
    if number is signal.SIGINT:
        assert said.strip() == "thumbrig: interrupted, everything is stopped"


def test_two_runs_at_once_and_the_use_of_one_s_endpoint_do_not_disturb_each_other(
    obedient: FunctionFolder, packages: Path, engine: DockerClient
) -> None:
    known = _names(engine)
    with localstack_target(obedient, cache=packages) as first:
        first_url = str(first.aws.endpoint_url)
        kept = first.deploy()
        with localstack_target(obedient, cache=packages) as second:
            second.deploy()
        with localstack_target(obedient, cache=packages, endpoint=first_url) as guest:
            guest.deploy()

        stacks = first.aws.client("cloudformation").describe_stacks()["Stacks"]
        live = [stack["StackName"] for stack in stacks if stack["StackStatus"] == "CREATE_COMPLETE"]
        buckets = [bucket["Name"] for bucket in first.aws.client("s3").list_buckets()["Buckets"]]
        kept.aws.client("lambda").invoke(FunctionName=kept.function_name, Payload="{}")
        assert read_status(first_url).ready

    assert [name in kept.function_name for name in live] == [True]
    assert all(bucket.startswith(live[0].removesuffix("1")) for bucket in buckets)
    assert _names(engine) == known


def test_what_a_killed_run_left_in_another_s_localstack_is_gone_at_the_next_start(
    obedient: FunctionFolder, packages: Path, command: list[str]
) -> None:
    with localstack_target(obedient, cache=packages) as host:
        url = str(host.aws.endpoint_url)
        known = _held(host.aws)
        with subprocess.Popen([*command, "--endpoint", url], cwd=_PROJECT, stderr=subprocess.DEVNULL) as run:
            try:
                wait_for(
                    lambda: any("-photos-" in name for name in _held(host.aws) - known) or None,
                    lambda: f"expected another run's stack, found {_held(host.aws) - known}",
                    timeout_seconds=60,
                )
            finally:
                run.kill()
        left = _held(host.aws)
        with localstack_target(obedient, cache=packages, endpoint=url):
            pass

        assert known < left
        assert _held(host.aws) == known


def _held(aws: Aws) -> frozenset[str]:
    """Name the stacks, functions and buckets that a LocalStack has."""
    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    functions = aws.client("lambda").list_functions()["Functions"]
    buckets = aws.client("s3").list_buckets()["Buckets"]
    return frozenset(
        [
            *(stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"),
            *(function["FunctionName"] for function in functions),
            *(bucket["Name"] for bucket in buckets),
        ]
    )
