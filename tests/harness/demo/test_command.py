"""The command and its server, over a function that needs nothing from the network."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest
import urllib3

from harness.demo.middleware import MOST_UPLOAD_BYTES
from harness.wait import wait_for
from tests.conftest import FunctionFolders
from tests.harness.demo.conftest import RunningDemo, running_demo

_REFUSES = """
import json, urllib.parse

def handle(event, context):
    key = urllib.parse.unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    if "crash" in key:
        raise RuntimeError("it crashes")
    print(json.dumps({"level": "error", "key": key, "type": "NotAnImage", "reason": "it is text"}))
    return {"statusCode": 200, "body": "{}"}
"""


@pytest.fixture(scope="module")
def demo(
    function_folders: FunctionFolders, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningDemo]:
    """The demo with a function that refuses everything, and crashes where the name asks for it."""
    function = function_folders.make(_REFUSES)
    with running_demo("--function", function, temporary=tmp_path_factory.mktemp("demo")) as running:
        yield running


def _ask(
    demo: RunningDemo,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | Iterator[bytes] | None = None,
) -> urllib3.BaseHTTPResponse:
    own = {"Origin": demo.url} if method == "POST" else {}
    return urllib3.request(
        method, f"{demo.url}{path}", headers={**own, **(headers or {})}, body=body, retries=False
    )


def _error(answer: urllib3.BaseHTTPResponse) -> str:
    error: str = answer.json()["error"]
    return error


def test_it_prints_where_the_page_is_and_how_to_stop_it(demo: RunningDemo) -> None:
    assert demo.said == f"{demo.url}/  shows the pipeline at work; Ctrl-C stops everything\n"


def test_the_page_loads_nothing_from_elsewhere(demo: RunningDemo) -> None:
    answer = _ask(demo, "/")

    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert "//" not in answer.data.decode()


def test_only_loopback_is_listened_on(demo: RunningDemo) -> None:
    addresses = {
        connection.laddr.ip
        for connection in psutil.Process(demo.process.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }

    assert addresses == {"127.0.0.1"}


def test_a_name_that_somebodys_dns_leads_here_is_refused(demo: RunningDemo) -> None:
    answer = _ask(demo, "/api/facts", headers={"Host": f"evil.example:{demo.port}"})

    assert answer.status == 421
    assert _error(answer).startswith("Host: expected 127.0.0.1:")


def test_another_page_can_upload_nothing(demo: RunningDemo) -> None:
    answer = _ask(
        demo,
        "/api/photos?name=x.jpg",
        method="POST",
        headers={"Origin": "https://evil.example", "Content-Type": "text/plain"},
        body=b"x",
    )

    assert answer.status == 403
    assert _error(answer).startswith("Origin: expected this page's own, got 'https://evil.example'")


def test_the_page_shows_a_refusal_with_the_functions_reason(demo: RunningDemo) -> None:
    photo = _ask(demo, "/api/photos?name=a.txt", method="POST", body=b"text").json()
    photo = _wait_for_state(demo, photo["id"], "refused")

    assert photo["headline"] == "The function refused it: it is text."


def test_a_photo_that_lambda_gives_up_on_has_failed_with_the_cause(demo: RunningDemo) -> None:
    photo = _ask(demo, "/api/photos?name=crash.jpg", method="POST", body=b"x").json()
    photo = _wait_for_state(demo, photo["id"], "failed", timeout_seconds=25)

    assert photo["headline"].startswith("No thumbnail: Lambda has given up on it")
    assert any("is in the bucket, 1 bytes" in line for line in photo["details"])


def test_an_original_is_handed_back_as_what_runs_nothing(demo: RunningDemo) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    photo = _ask(demo, "/api/photos?name=a.svg", method="POST", body=svg).json()
    answer = _ask(demo, f"/api/photos/{photo['id']}/original")

    assert answer.data == svg
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_deleted_photo_cannot_be_deleted_or_replaced_and_its_original_is_gone(demo: RunningDemo) -> None:
    photo = _ask(demo, "/api/photos?name=a.jpg", method="POST", body=b"text").json()
    _wait_for_state(demo, photo["id"], "refused")
    deleted = _ask(demo, f"/api/photos/{photo['id']}/delete", method="POST").json()
    again = _ask(demo, f"/api/photos/{photo['id']}/delete", method="POST")
    replaced = _ask(demo, f"/api/photos/{photo['id']}/replace?name=b.jpg", method="POST", body=b"other")

    assert deleted["state"] == "deleted"
    assert deleted["answers"][-1]["status"] == 403
    assert "Invalidation I" in deleted["note"]
    assert (again.status, replaced.status) == (409, 409)
    assert "is deleted" in _error(again)
    assert _ask(demo, f"/api/photos/{photo['id']}/original").status == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        pytest.param("POST", "/api/photos/nobody/reload", 404, "no photo 'nobody'", id="unknown-photo"),
        pytest.param("POST", "/api/photos?sample=x.jpg", 404, "no sample 'x.jpg'", id="unknown-sample"),
        pytest.param("GET", "/samples/..%2Fpictures.py", 404, "no sample", id="outside-the-samples"),
        pytest.param("GET", "/..%2Frun.py", 404, "Not Found", id="outside-the-page"),
        pytest.param("GET", "/run.py", 404, "Not Found", id="not-of-the-page"),
        pytest.param("PUT", "/api/photos", 403, "Origin", id="another-method"),
        pytest.param("POST", "/api/photos/x/pass?seconds=1e9", 400, "seconds: expected", id="no-seconds"),
        pytest.param("POST", "/api/photos/x/pass?seconds=-5", 400, "seconds: expected", id="back-in-time"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_one_line(
    demo: RunningDemo, method: str, path: str, status: int, says: str
) -> None:
    answer = _ask(demo, path, method=method)

    assert answer.status == status
    assert says in _error(answer)
    assert "\n" not in _error(answer)


def test_a_file_that_is_announced_too_large_is_not_waited_for(demo: RunningDemo) -> None:
    head = (
        f"POST /api/photos?name=a.jpg HTTP/1.1\r\nHost: 127.0.0.1:{demo.port}\r\n"
        f"Origin: {demo.url}\r\nContent-Length: {MOST_UPLOAD_BYTES + 1}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", demo.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(65_536).decode()

    assert answer.startswith("HTTP/1.1 413 ")
    assert "at most 50,000,000 bytes, got 50,000,001" in json.loads(answer.partition("\r\n\r\n")[2])["error"]


def test_a_file_that_turns_out_too_large_is_cut_off(demo: RunningDemo) -> None:
    chunks = (b"\0" * 1_000_000 for _ in range(52))

    answer = _ask(demo, "/api/photos?name=a.jpg", method="POST", body=chunks)

    assert answer.status == 413
    assert "at most 50,000,000 bytes, got more" in _error(answer)


@pytest.mark.integration
def test_ctrl_c_ends_everything_with_one_line(function_folders: FunctionFolders, tmp_path: Path) -> None:
    function = function_folders.make(_REFUSES)
    with running_demo("--function", function, temporary=tmp_path / "tmp") as demo:
        started = psutil.Process(demo.process.pid).children(recursive=True)
        pages = [_open_events(demo) for _ in range(2)]
        said = demo.interrupt()
        for page in pages:
            page.close()
        _, alive = psutil.wait_procs(started, timeout=10)

    assert said == "thumbrig: everything is stopped\n"
    assert demo.process.returncode == 0
    assert len(started) >= 2
    assert not alive
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.integration
def test_a_port_that_is_taken_is_reported_before_anything_starts(
    function_folders: FunctionFolders, project: Path
) -> None:
    function = function_folders.make(_REFUSES)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "harness", "demo", "--function", str(function), "--port", port],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert ended.returncode == 2
    assert ended.stderr == (
        f"thumbrig: port {port} is in use: expected a free one on 127.0.0.1; give another, or none\n"
    )


def _open_events(demo: RunningDemo) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", demo.port), timeout=10)
    connection.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{demo.port}\r\n\r\n".encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")
    return connection


def _wait_for_state(
    demo: RunningDemo, photo_id: str, state: str, *, timeout_seconds: float = 10
) -> dict[str, str]:
    photo: dict[str, str] = {"state": "unknown"}

    def look() -> dict[str, str] | None:
        photo.update(_ask(demo, f"/api/photos/{photo_id}").json())
        return photo if photo["state"] == state else None

    return wait_for(
        look,
        lambda: f"expected the photo to be {state}, it is {photo['state']}",
        timeout_seconds=timeout_seconds,
    )
