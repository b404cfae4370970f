from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.application.pipeline import NoCdnError, NoSuchSizeError, NotAnOriginalError, Pipeline, path_of
from resizer.sizes import thumbnail_key

_PIPELINE = Pipeline(bucket="photos", cdn_url="https://cdn.example/")
_SOURCE = _PIPELINE.source_prefix
_SIZES = Pipeline(
    bucket="photos",
    prefixes={"thumbnail": "resized/thumbnail/", "large": "resized/large/"},
    cdn_url="https://cdn.example",
)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        pytest.param("me.jpg", "me.webp", id="plain"),
        pytest.param("my photo.jpg", "my%20photo.webp", id="space"),
        pytest.param("a+b.jpg", "a%2Bb.webp", id="plus"),
        pytest.param("100%.jpg", "100%25.webp", id="percent"),
        pytest.param("me (1)*.jpg", "me%20%281%29%2A.webp", id="parentheses-and-star"),
        pytest.param("Zoë & Søn, #1?.jpg", "Zo%C3%AB%20%26%20S%C3%B8n%2C%20%231%3F.webp", id="punctuation"),
        pytest.param("e\u0301.jpg", "e%CC%81.webp", id="decomposed-accent"),
        pytest.param("2026/11/me", "2026/11/me.webp", id="sub-folders"),
        pytest.param("a//b.jpg", "a//b.webp", id="empty-folder-name"),
    ],
)
def test_a_thumbnail_s_address_is_known_from_its_original_s_key(name: str, path: str) -> None:
    url = _PIPELINE.thumbnail_url(_SOURCE + name)

    assert url == f"https://cdn.example/members/profile/resized/thumbnail/{path}"


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("members/profile/originals/a b.jpg", id="key"),
        pytest.param("s3://photos/members/profile/originals/a b.jpg", id="s3"),
        pytest.param(
            "https://photos.s3.eu-west-1.amazonaws.com/members/profile/originals/a%20b.jpg", id="host"
        ),
        pytest.param("https://s3.amazonaws.com/photos/members/profile/originals/a%20b.jpg", id="path"),
        pytest.param("https://cdn.example/members/profile/originals/a%20b.jpg", id="cdn"),
        pytest.param("https://cdn.example/members/profile/originals/a%20b.jpg?v=2#top", id="query"),
    ],
)
def test_an_original_may_be_given_by_key_or_by_address(address: str) -> None:
    assert _PIPELINE.original_key(address) == "members/profile/originals/a b.jpg"


@pytest.mark.parametrize(
    "given_address",
    [
        pytest.param("members/documents/a.jpg", id="another-folder"),
        pytest.param("s3://others/members/profile/originals/a.jpg", id="another-bucket"),
        pytest.param("https://cdn.example/members/profile/resized/thumbnail/a.webp", id="a-thumbnail"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_original_is_refused(given_address: str) -> None:
    with pytest.raises(NotAnOriginalError, match="expected the key or the address of an original"):
        _PIPELINE.thumbnail_url(given_address)


@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_application_and_function_agree_on_every_key(name: str) -> None:
    function_s = thumbnail_key(
        _SOURCE + name,
        source_prefix=_SOURCE,
        destination_prefix="members/profile/resized/thumbnail/",
        extension=".webp",
    )

    assert _PIPELINE.thumbnail_key(_SOURCE + name) == function_s


@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_address_leads_back_to_its_key(key: str) -> None:
    split = urlsplit("https://cdn.example" + path_of(key))

    assert unquote(split.path) == "/" + key
    assert (split.query, split.fragment) == ("", "")


def test_each_size_has_an_address_of_its_own() -> None:
    assert _SIZES.thumbnail_url(_SOURCE + "me.jpg", "large") == "https://cdn.example/resized/large/me.webp"
    assert _SIZES.thumbnail_keys(_SOURCE + "me.jpg") == ("resized/thumbnail/me.webp", "resized/large/me.webp")


def test_a_size_that_is_not_made_is_refused_by_name() -> None:
    with pytest.raises(NoSuchSizeError, match="no size 'huge': the pipeline makes large, thumbnail"):
        _SIZES.thumbnail_key(_SOURCE + "me.jpg", "huge")


def test_without_a_cdn_there_is_no_address() -> None:
    with pytest.raises(NoCdnError, match="give Pipeline its cdn_url"):
        Pipeline(bucket="photos").thumbnail_url(_SOURCE + "me.jpg")
