"""What no viewer should send: each request gets a clear refusal, and the edge goes on serving."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from harness.cdn.edge import Edge
from harness.observe.viewer import Viewer
from tests.harness.cdn.conftest import Bucket

_HOST = b"Host: localhost\r\n"
_TWO_LENGTHS = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"


@pytest.fixture(autouse=True)
def _goes_on_serving(viewer: Viewer, bucket: Bucket) -> Iterator[None]:
    bucket.put("still-here")
    yield
    assert viewer.get("/still-here").body == b"a thumbnail"


def _connect(url: str) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=20)


def _exchange(edge: Edge, sent: bytes) -> bytes:
    # An edge that refuses a long request closes before it has read it all, and the answer may be lost.
    for _ in range(4):
        with contextlib.suppress(ssl.SSLEOFError, ConnectionError):
            if answer := _exchange_once(edge, sent):
                return answer
    return _exchange_once(edge, sent)


def _exchange_once(edge: Edge, sent: bytes) -> bytes:
    context = ssl.create_default_context(cafile=edge.ca_certificate)
    with _connect(edge.url) as raw, context.wrap_socket(raw, server_hostname="localhost") as connection:
        connection.sendall(sent)
        received = b""
        while b"\r\n\r\n" not in received and (more := connection.recv(65536)):
            received += more
        return received


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 403, id="unknown host"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no host"),
        pytest.param(b"GET /../x HTTP/1.1\r\n" + _HOST + b"\r\n", 400, id="path traversal"),
        pytest.param(b"GET /a/%2e%2e/%2e%2e/x HTTP/1.1\r\n" + _HOST + b"\r\n", 400, id="escaped traversal"),
        pytest.param(b"GET /..%2f..%2fx HTTP/1.1\r\n" + _HOST + b"\r\n", 400, id="escaped slashes"),
        pytest.param(b"GET /%zz HTTP/1.1\r\n" + _HOST + b"\r\n", 400, id="escape of other characters"),
        pytest.param(b"GET /%ff HTTP/1.1\r\n" + _HOST + b"\r\n", 400, id="escape that is not UTF-8"),
        pytest.param(b"GET /%00 HTTP/1.1\r\n" + _HOST + b"\r\n", 400, id="zero byte"),
        pytest.param(b"GET a HTTP/1.1\r\n" + _HOST + b"\r\n", 400, id="no slash"),
        pytest.param(b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n", 413, id="long URL"),
        pytest.param(b"GET /" + b"a" * 99_000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n", 400, id="endless URL"),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + _HOST + b"X: " + b"a" * 30_000 + b"\r\n\r\n", 413, id="large header"
        ),
        # In one TLS record: the edge closes at the first header too many, and half a sent request is a reset.
        pytest.param(b"GET / HTTP/1.1\r\n" + _HOST + b"X: 1\r\n" * 2_000 + b"\r\n", 400, id="2,000 headers"),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + _HOST + b"Content-Length: 4\r\n\r\nbody", 403, id="a body on GET"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + _HOST + b"Content-Length: x\r\n\r\n", 400, id="length that is no number"
        ),
        pytest.param(b"GET / HTTP/1.1\r\n" + _HOST + _TWO_LENGTHS + b"\r\n0\r\n\r\n", 400, id="two lengths"),
        pytest.param(b"GET / HTTP/9.9\r\n" + _HOST + b"\r\n", 400, id="unknown version"),
        pytest.param(b"no HTTP at all\r\n\r\n", 400, id="no HTTP"),
    ],
)
def test_a_bad_request_is_refused(edge: Edge, sent: bytes, status: int) -> None:
    assert _status(_exchange(edge, sent)) == status


@pytest.mark.parametrize(
    "sent",
    [pytest.param(b"GET / HTTP/1.1\r\nHost: local", id="half a request"), pytest.param(b"", id="nothing")],
)
def test_an_unfinished_request_keeps_no_other_viewer_waiting(edge: Edge, viewer: Viewer, sent: bytes) -> None:
    with _connect(edge.http_url) as unfinished:
        unfinished.sendall(sent)

        assert viewer.get("/still-here").status == 200


def test_the_second_half_of_a_request_may_come_later(edge: Edge) -> None:
    with _connect(edge.http_url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHo")
        connection.sendall(b"st: localhost\r\n\r\n")
        answer = connection.recv(65536)

    assert _status(answer) == 301


def test_no_path_reaches_another_bucket(viewer: Viewer, bucket: Bucket) -> None:
    other = f"{bucket.name}-other"
    bucket.s3.create_bucket(Bucket=other)
    bucket.s3.put_object(Bucket=other, Key="secret", Body=b"secret")
    paths = [f"/..%2f{other}/secret", f"/../{other}/secret", f"/x/../../{other}/secret", f"//{other}/secret"]
    paths += [f"/./../{other}/secret", f"/%2e%2e/{other}/secret", f"/..%5c{other}/secret", f"/{other}/secret"]

    for path in paths:
        answer = viewer.get(path)
        assert answer.status in {400, 403}
        assert b"secret" not in answer.body


def test_a_viewer_who_leaves_harms_nobody(edge: Edge, viewer: Viewer) -> None:
    for _ in range(20):
        with _connect(edge.http_url) as gone:
            gone.sendall(b"GET /left HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert viewer.get("/left").status == 403
