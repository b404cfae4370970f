"""Which keys may go through obstore, and that none is changed on the way."""

from __future__ import annotations

import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import MemoryStore

from resizer.storage import _is_path


@pytest.mark.parametrize(
    "key", ["a//b.jpg", "/a.jpg", "a/", "a/../b.jpg", "./a.jpg", "a\nb.jpg", "a\x7f.jpg"]
)
def test_a_key_that_obstore_would_change_or_refuse_goes_another_way(key: str) -> None:
    assert not _is_path(key)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(_is_path))
def test_every_other_key_reaches_the_bucket_unchanged(key: str) -> None:
    store = MemoryStore()
    obstore.put(store, key, b"here")

    assert [entry["path"] for batch in obstore.list(store) for entry in batch] == [key]
