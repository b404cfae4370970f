"""What the tests of the rig share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harness.containers.engine import connect

if TYPE_CHECKING:
    from docker import DockerClient


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerClient]:
    """The Docker engine of this machine."""
    with contextlib.closing(connect()) as engine:
        yield engine
