from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from harness.run_folder import PortTakenError, free_port, on_free_port


def _taken_for(times: int, tried: list[int]) -> Callable[[int], int]:
    def start(port: int) -> int:
        tried.append(port)
        if len(tried) <= times:
            raise PortTakenError(port)
        return port

    return start


@pytest.mark.integration
@pytest.mark.integration
def test_a_port_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(PortTakenError, match=f"port {port} is in use: expected a free one on 127.0.0.1"):
            free_port(port)


def test_a_free_port_that_is_taken_meanwhile_is_exchanged_for_another() -> None:
    tried: list[int] = []

    assert on_free_port(None, _taken_for(2, tried)) == tried[-1]
    assert len(tried) == 3


def test_after_three_ports_the_last_one_is_reported() -> None:
    tried: list[int] = []

    with pytest.raises(PortTakenError) as refused:
        on_free_port(None, _taken_for(3, tried))

    assert len(tried) == 3
    assert str(tried[-1]) in str(refused.value)


def test_a_port_that_was_asked_for_is_tried_once() -> None:
    tried: list[int] = []
    wanted = free_port(None)

    with pytest.raises(PortTakenError, match=str(wanted)):
        on_free_port(wanted, _taken_for(1, tried))

    assert tried == [wanted]
