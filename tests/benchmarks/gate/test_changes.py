"""The causes that the gate names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.gate.compare import changes, compare
from benchmarks.gate.snapshot import Observation
from benchmarks.gate.wording import NOTHING_CHANGED, in_words
from tests.benchmarks.gate.builders import baseline, observation, provenance, thumbnail

_THEN = observation().snapshot


@pytest.mark.parametrize(
    ("now", "named"),
    [
        pytest.param(
            observation(function=provenance(settings={"THUMBNAIL_EFFORT": "2"})),
            ["setting THUMBNAIL_EFFORT: 6 -> 2"],
            id="a-setting",
        ),
        pytest.param(
            observation(function=provenance(settings={"THUMBNAIL_EFFORT": "6", "PRESET": "photo"})),
            ["setting PRESET: new, photo"],
            id="a-new-setting",
        ),
        pytest.param(
            observation(function=provenance(settings={"OTHER": "1"})),
            ["setting OTHER: new, 1", "setting THUMBNAIL_EFFORT: gone, was 6"],
            id="a-setting-that-is-gone",
        ),
        pytest.param(
            observation(
                function=provenance(
                    requirements=("Pillow==12.3.0",),
                    libraries={"Pillow": "12.3.0", "webp in Pillow": "1.5.0"},
                    build="another",
                )
            ),
            [
                "requirement Pillow: 13.0.0 -> 12.3.0",
                "library webp in Pillow: 1.6.0 -> 1.5.0",
                "compiled libraries changed: in the package",
            ],
            id="a-library-and-its-encoder-named-once",
        ),
        pytest.param(
            observation(function=provenance(files={"handler.py": "22222222", "keys.py": "3"})),
            ["function's files changed: handler.py, keys.py (new)"],
            id="the-function-s-files",
        ),
        pytest.param(
            observation({"a.jpg": thumbnail(original="edited")}),
            ["pictures changed: a.jpg"],
            id="an-edited-picture",
        ),
        pytest.param(
            observation(scorer={"ssimulacra2": "0.4.0"}),
            ["rig's scorer ssimulacra2: 0.3.0 -> 0.4.0"],
            id="the-scorer",
        ),
    ],
)
def test_what_changed_is_named(now: Observation, named: list[str]) -> None:
    verdict = compare(baseline(), now)

    assert in_words(verdict).changes == named


def test_nothing_changed_when_nothing_did() -> None:
    assert list(changes(_THEN, _THEN)) == []


def test_a_red_verdict_without_a_known_cause_says_so() -> None:
    verdict = compare(baseline(), observation({"a.jpg": thumbnail(size_bytes=2000)}))

    assert in_words(verdict).changes == [NOTHING_CHANGED]


@pytest.mark.parametrize(
    ("then", "now", "named"),
    [
        pytest.param(
            ("sharp@0.35.5",), ("sharp@0.34.0",), "requirement sharp: 0.35.5 -> 0.34.0", id="of-node"
        ),
        pytest.param(
            ("@img/colour@1.1.0",),
            ("@img/colour@1.2.0",),
            "requirement @img/colour: 1.1.0 -> 1.2.0",
            id="of-node-with-a-scope",
        ),
        pytest.param(
            ("a==1; os_name == 'x'",),
            ("a==2; os_name == 'x'",),
            'requirement a: 1; os_name == "x" -> 2; os_name == "x"',
            id="with-a-marker",
        ),
        pytest.param(("Pillow==13.0.0",), (), "requirement Pillow: gone, was 13.0.0", id="that-is-gone"),
    ],
)
def test_a_pin_of_any_form_is_named(then: tuple[str, ...], now: tuple[str, ...], named: str) -> None:
    before = replace(_THEN, function=provenance(requirements=then))
    after = replace(observation(), snapshot=replace(_THEN, function=provenance(requirements=now)))

    verdict = compare(replace(baseline(), snapshot=before), after)

    assert in_words(verdict).changes == [named]
