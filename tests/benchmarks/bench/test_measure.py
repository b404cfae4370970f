from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

import pytest

from benchmarks.bench import measure
from benchmarks.bench.contenders import DeployedContender, WarmEnvironments, outcome_of
from benchmarks.bench.measure import Rounds
from harness.sandbox.invocation import Invocation, InvocationStatus


def _invocation(
    payload: object, *, status: InvocationStatus = InvocationStatus.SUCCESS, oom_killed: bool = False
) -> Invocation:
    return Invocation(
        request_id="1",
        status=status,
        payload=json.dumps(payload).encode(),
        duration_seconds=0.1,
        cpu_seconds=0.05,
        peak_memory_bytes=1,
        oom_killed=oom_killed,
        limiter="none",
    )


_SERVED = _invocation({"statusCode": 200, "body": json.dumps({"thumbnail": "t"})})
_REFUSED = _invocation({"statusCode": 200, "body": json.dumps({"error": {"type": "DamagedImage"}})})


@pytest.mark.parametrize(
    ("invocation", "outcome"),
    [
        pytest.param(_SERVED, "success", id="served"),
        pytest.param(_REFUSED, "refused: DamagedImage", id="refused"),
        pytest.param(
            _invocation({"errorType": "KeyError"}, status=InvocationStatus.FUNCTION_ERROR),
            "error: KeyError",
            id="raised",
        ),
        pytest.param(_invocation({}, status=InvocationStatus.TIMED_OUT), "timed out", id="timed-out"),
        pytest.param(
            _invocation({}, status=InvocationStatus.EXITED, oom_killed=True), "out of memory", id="killed"
        ),
    ],
)
def test_an_outcome_is_named_in_a_few_words(invocation: Invocation, outcome: str) -> None:
    assert outcome_of(invocation) == outcome


@dataclass(frozen=True)
class _Contender:
    name: str

    def put(self, name: str, _data: bytes) -> str:
        return f"{self.name}'s {name}"


class _WarmEnvironments:
    def environment(self, contender: _Contender) -> _Contender:
        return contender


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The contenders in the order in which they were invoked; b always refuses."""
    taken: list[str] = []

    def invoke(environment: _Contender, original: str) -> Invocation:
        assert original == f"{environment.name}'s me.jpg"
        taken.append(environment.name)
        return _REFUSED if environment.name == "b" else _SERVED

    monkeypatch.setattr(measure, "invoke", invoke)
    return taken


def _rounds(*names: str) -> Rounds:
    contenders = cast("list[DeployedContender]", [_Contender(name) for name in names])
    return Rounds(contenders, cast("WarmEnvironments", _WarmEnvironments()), "me.jpg", b"")


def test_contenders_take_turns_and_each_begins_once_in_a_while(order: list[str]) -> None:
    rounds = _rounds("a", "c", "d")

    for _ in range(3):
        rounds.once()

    assert "".join(order) == "acdcdadac"


def test_a_contender_that_fails_takes_part_no_longer(order: list[str]) -> None:
    rounds = _rounds("a", "b")

    rounds.warm_up()
    rounds.once()
    rounds.once()

    assert order.count("b") == 1
    assert [series.outcome for series in rounds.series] == ["success", "refused: DamagedImage"]


def test_warming_up_is_not_measured(order: list[str]) -> None:
    rounds = _rounds("a")

    rounds.warm_up()
    rounds.once()

    assert len(order) == 2
    assert len(rounds.series[0].invocations) == 1


@pytest.mark.parametrize(("needed_mb", "found_mb"), [(50, 56), (100, 104), (300, 304)])
def test_the_smallest_memory_is_found_to_a_step(
    monkeypatch: pytest.MonkeyPatch, needed_mb: int, found_mb: int
) -> None:
    def fails_at(_contender: object, _originals: object, memory_mb: int) -> str | None:
        return "me.jpg" if memory_mb < needed_mb else None

    monkeypatch.setattr(measure, "_fails_at", fails_at)

    found = measure.smallest_memory(cast("DeployedContender", _Contender("a")), [("me.jpg", b"")])

    assert found.needs == "me.jpg"
    assert found.memory_mb is not None
    assert needed_mb <= found.memory_mb < needed_mb + 8
    assert found.memory_mb <= found_mb


def test_memory_that_grows_with_every_invocation_is_a_leak() -> None:
    assert measure.verdict(measure.slope([50_000_000 + 5000 * number for number in range(500)])) == "leak"


def test_memory_that_grows_at_first_and_then_stays_is_a_plateau() -> None:
    peaks = [50_000_000 + 40_000 * min(number, 100) for number in range(500)]

    assert measure.verdict(measure.slope(peaks)) == "plateau"


def test_a_heap_that_is_collected_now_and_then_is_a_plateau() -> None:
    peaks = [50_000_000 + 30_000 * (number % 90) for number in range(500)]

    assert measure.verdict(measure.slope(peaks)) == "plateau"
