from __future__ import annotations

import itertools

import pytest

from harness.wait import Backoff, TimedOutError, wait_for


class _ThereAtLook:
    def __init__(self, number: int) -> None:
        self.number = number
        self.looks = 0

    def look(self) -> str | None:
        self.looks += 1
        return "found" if self.looks >= self.number else None


def test_waiting_returns_what_the_look_found() -> None:
    assert wait_for(_ThereAtLook(3).look, "expected it", timeout_seconds=5) == "found"


def test_waiting_looks_at_least_once_even_without_time() -> None:
    assert wait_for(_ThereAtLook(1).look, "expected it", timeout_seconds=0) == "found"


def test_a_time_out_says_what_was_expected() -> None:
    with pytest.raises(TimedOutError, match=r"after 0\.02 s: expected it$"):
        wait_for(_ThereAtLook(1_000_000).look, "expected it", timeout_seconds=0.02)


def test_a_time_out_says_what_the_last_look_found() -> None:
    never = _ThereAtLook(1_000_000)

    with pytest.raises(TimedOutError) as late:
        wait_for(never.look, lambda: f"looked {never.looks} times", timeout_seconds=0.02)

    assert str(late.value) == f"after 0.02 s: looked {never.looks} times"


def test_pauses_grow_up_to_the_longest() -> None:
    backoff = Backoff(first_seconds=1, factor=2, most_seconds=5)

    assert list(itertools.islice(backoff.pauses(), 5)) == [1, 2, 4, 5, 5]


def test_jitter_shortens_pauses_by_chance_and_by_no_more_than_its_part() -> None:
    backoff = Backoff(first_seconds=1, factor=1, most_seconds=1, jitter=0.3)
    pauses = list(itertools.islice(backoff.pauses(), 50))

    assert all(0.7 <= pause <= 1 for pause in pauses)
    assert len(set(pauses)) > 1
