from __future__ import annotations

import pytest

from harness.demo.middleware import (
    MOST_UPLOAD_BYTES,
    ForeignPageError,
    TooLargeError,
    UnknownHostError,
    require_own_page,
    require_size,
)

_OWN = {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000"}


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000"])
def test_the_page_may_read_and_change(host: str) -> None:
    require_own_page("GET", {"Host": host}, port=8000)
    require_own_page("POST", {"Host": host, "Origin": f"http://{host}"}, port=8000)


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("evil.example:8000", id="a-name-that-leads-here"),
        pytest.param("127.0.0.1:8001", id="another-port"),
        pytest.param("127.0.0.1", id="no-port"),
        pytest.param("127.0.0.1:8000.evil.example", id="a-prefix"),
        pytest.param("", id="none"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_host_is_refused(host: str, method: str) -> None:
    with pytest.raises(UnknownHostError, match=r"expected 127\.0\.0\.1:8000 or localhost:8000") as refused:
        require_own_page(method, {"Host": host, "Origin": f"http://{host}"}, port=8000)

    assert refused.value.status == 421


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("https://evil.example", id="another-site"),
        pytest.param("http://127.0.0.1:8001", id="another-port"),
        pytest.param("http://localhost:8000", id="the-other-name"),
        pytest.param("null", id="sandboxed"),
    ],
)
def test_another_page_may_change_nothing(origin: str) -> None:
    with pytest.raises(ForeignPageError, match="expected this page's own"):
        require_own_page("POST", {**_OWN, "Origin": origin}, port=8000)


def test_a_change_without_origin_is_refused() -> None:
    with pytest.raises(ForeignPageError, match="got none"):
        require_own_page("POST", {"Host": _OWN["Host"]}, port=8000)


def test_a_file_of_the_largest_size_is_taken() -> None:
    require_size(MOST_UPLOAD_BYTES)
    require_size(None)


def test_a_larger_file_is_refused_with_both_sizes() -> None:
    with pytest.raises(TooLargeError, match="at most 50,000,000 bytes, got 50,000,001"):
        require_size(MOST_UPLOAD_BYTES + 1)
