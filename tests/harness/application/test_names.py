from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.application.names import content_type_of, safe_name


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        pytest.param("me & you.JPG", "me & you.JPG", id="kept"),
        pytest.param("../../etc/me.jpg", "me.jpg", id="folders"),
        pytest.param(r"C:\Users\me\me.jpg", "me.jpg", id="windows"),
        pytest.param("a\r\nb\x00.jpg", "ab.jpg", id="control-characters"),
        pytest.param("", "photo", id="empty"),
        pytest.param("..", "..", id="dots-behind-a-uuid-are-no-folder"),
        pytest.param("x" * 2000 + ".jpg", "x" * 512 + ".jpg", id="long"),
        pytest.param("é" * 300 + ".jpg", "é" * 256 + ".jpg", id="long-in-bytes"),
    ],
)
def test_a_file_name_is_made_fit_for_a_key(filename: str, name: str) -> None:
    assert safe_name(filename) == name


@given(filename=st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_a_file_is_called_its_key_stays_in_its_folder_and_within_s3_s_limit(filename: str) -> None:
    name = safe_name(filename)

    assert name
    assert "/" not in name
    assert len(name.encode()) < 600


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        pytest.param("a/me.JPG", "image/jpeg", id="jpeg"),
        pytest.param("a/me.avif", "image/avif", id="avif"),
        pytest.param("a/me.webp", "image/webp", id="webp"),
        pytest.param("a/page.html", "application/octet-stream", id="a-browser-would-run-it"),
        pytest.param("a/drawing.svg", "application/octet-stream", id="may-hold-scripts"),
        pytest.param("a/me", "application/octet-stream", id="unknown"),
    ],
)
def test_only_images_get_their_content_type(key: str, content_type: str) -> None:
    assert content_type_of(key) == content_type
