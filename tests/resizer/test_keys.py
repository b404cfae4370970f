"""From an uploaded key, as S3 encodes it, to the thumbnail's key."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.notification import records
from resizer.sizes import thumbnail_key
from tests.resizer.conftest import record

_SOURCE = "members/profile/originals/"
_DESTINATION = "members/profile/resized/thumbnail/"
_KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
_NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/."), min_size=1, max_size=20)


def _decoded(encoded: str) -> str:
    entry = record("")
    entry["s3"]["object"]["key"] = encoded
    (decoded,) = records({"Records": [entry]})
    return decoded.key


def _thumbnail(key: str, extension: str = ".webp") -> str:
    return thumbnail_key(key, source_prefix=_SOURCE, destination_prefix=_DESTINATION, extension=extension)


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("a/my+photo.jpg", "a/my photo.jpg"),
        ("a/my%20photo.jpg", "a/my photo.jpg"),
        ("a/1%2B1.jpg", "a/1+1.jpg"),
        ("a/%252B.jpg", "a/%2B.jpg"),
        ("a/photo%281%29.jpg", "a/photo(1).jpg"),
        ("a/%F0%9F%98%80.jpg", "a/😀.jpg"),
    ],
)
def test_a_key_is_decoded_as_s3_encoded_it(encoded: str, key: str) -> None:
    assert _decoded(encoded) == key


@given(_KEYS)
def test_every_key_survives_what_s3_does_to_it(key: str) -> None:
    assert _decoded(quote_plus(key, safe="/")) == key


@pytest.mark.parametrize(
    ("name", "thumbnail"),
    [
        ("1-photo.jpg", "1-photo.webp"),
        ("1-photo.jpeg.png", "1-photo.jpeg.webp"),
        ("1-photo", "1-photo.webp"),
        (".photo", ".photo.webp"),
        ("photo.", "photo.webp"),
        ("2024/may.day/photo", "2024/may.day/photo.webp"),
        ("a//b.jpg", "a//b.webp"),
        ("1+1 %2B (1)😀.jpg", "1+1 %2B (1)😀.webp"),
        (f"{_SOURCE}again.jpg", f"{_SOURCE}again.webp"),
    ],
)
def test_the_last_extension_is_replaced_and_folders_are_kept(name: str, thumbnail: str) -> None:
    assert _thumbnail(_SOURCE + name) == _DESTINATION + thumbnail


@given(st.lists(_NAMES, max_size=3), _NAMES, _NAMES)
def test_any_path_is_kept_below_the_destination(folders: list[str], stem: str, extension: str) -> None:
    folder = "".join(f"{name}/" for name in folders)

    assert _thumbnail(f"{_SOURCE}{folder}{stem}.{extension}") == f"{_DESTINATION}{folder}{stem}.webp"


def test_the_extension_is_the_formats() -> None:
    assert _thumbnail(f"{_SOURCE}a.png", ".avif") == f"{_DESTINATION}a.avif"
