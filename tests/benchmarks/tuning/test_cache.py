from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.tuning.cache import CacheError, TrialCache
from benchmarks.tuning.setting import today
from benchmarks.tuning.trial import Pixels
from tests.benchmarks.tuning.builders import setting, trial

_PIXELS = Pixels(mode="RGB", size=(1, 1), data=b"abc")
_OTHERS = Pixels(mode="RGB", size=(1, 1), data=b"xyz")


@pytest.fixture
def cache(tmp_path: Path) -> TrialCache:
    return TrialCache(folder=tmp_path / "cache", machine="a machine", versions={"Pillow": "13.0.0"})


def _key(cache: TrialCache, quality: int = 85, *, pixels: Pixels = _PIXELS, rounds: int = 3) -> str:
    return cache.key(_PIXELS, pixels, setting(quality), today=today(), rounds=rounds)


def test_what_is_kept_is_found_again(cache: TrialCache) -> None:
    key = _key(cache)
    assert cache.read(key) is None

    cache.write(key, trial(1234, 56.7))

    assert cache.read(key) == trial(1234, 56.7)


def test_everything_that_decides_a_trial_is_in_its_name(cache: TrialCache) -> None:
    keys = [
        _key(cache),
        _key(cache, 84),
        _key(cache, pixels=_OTHERS),
        _key(cache, rounds=15),
        _key(replace(cache, machine="another")),
        _key(replace(cache, versions={"Pillow": "13.0.1"})),
        cache.key(_OTHERS, _PIXELS, setting(), today=today(), rounds=3),
        cache.key(_PIXELS, _PIXELS, setting(), today=setting(80), rounds=3),
    ]

    assert all(a != b for a, b in itertools.combinations(keys, 2))
    assert _key(cache) == keys[0]


@pytest.mark.parametrize("content", ["", '{"size_bytes": 12', "[]", '{"size_bytes": 1}'])
def test_a_file_that_was_never_whole_counts_as_missing(cache: TrialCache, content: str) -> None:
    key = _key(cache)
    cache.write(key, trial())
    (path,) = cache.folder.rglob("*.json")
    path.write_text(content)

    assert cache.read(key) is None

    cache.write(key, trial(77))

    assert cache.read(key) == trial(77)


def test_many_may_write_at_once_and_leave_nothing_behind(cache: TrialCache) -> None:
    keys = [_key(cache, quality) for quality in range(50, 60)] * 10
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda key: cache.write(key, trial()), keys))

    assert all(cache.read(key) == trial() for key in keys)
    assert len([path for path in cache.folder.rglob("*") if path.is_file()]) == 10


def test_a_thumbnail_s_file_is_made_once(cache: TrialCache) -> None:
    made: list[bytes] = []

    def make() -> bytes:
        made.append(b"file")
        return b"file"

    assert [cache.file(_key(cache), make) for _ in range(2)] == [b"file", b"file"]
    assert made == [b"file"]


def test_a_folder_that_cannot_be_made_is_reported_in_one_line(cache: TrialCache) -> None:
    cache.folder.write_text("a file")

    with pytest.raises(CacheError, match="expected to keep trials there") as raised:
        cache.write(_key(cache), trial())

    assert "\n" not in str(raised.value)
