"""A test that is not marked for it starts no process and no server."""

from __future__ import annotations

import multiprocessing
import socket
import subprocess
import sys

import pytest

from harness import process

_COMMAND = [sys.executable, "-c", "print(1)"]
_REFUSED = "mark it with @pytest.mark.integration"


def test_an_unmarked_test_cannot_run_a_command() -> None:
    with pytest.raises(pytest.fail.Exception, match=f"starts a process: {_REFUSED}"):
        subprocess.run(_COMMAND, check=True)


def test_an_unmarked_test_cannot_run_a_command_through_the_rig() -> None:
    with pytest.raises(pytest.fail.Exception, match=_REFUSED):
        process.run(_COMMAND)


def test_an_unmarked_test_cannot_start_a_worker() -> None:
    with pytest.raises(pytest.fail.Exception, match=_REFUSED):
        multiprocessing.get_context("spawn").Process(target=print).start()


def test_an_unmarked_test_cannot_listen() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        with pytest.raises(pytest.fail.Exception, match=f"listens on a socket: {_REFUSED}"):
            server.listen()


@pytest.mark.integration
def test_a_marked_test_starts_what_it_needs() -> None:
    assert subprocess.run(_COMMAND, check=True, capture_output=True, text=True).stdout == "1\n"
