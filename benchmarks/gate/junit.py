"""The verdict as JUnit XML: a test for each picture and for each figure of the whole set."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from benchmarks.gate import wording
from benchmarks.gate.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.gate.verdict import Verdict

_Case = tuple[str, str, list[str]]


def to_junit(verdict: Verdict) -> str:
    """Write every outcome; what is missing fails as what regressed does."""
    return _suite(list(_cases(verdict)), wording.changes(verdict))


def unjudged_to_junit(reason: str) -> str:
    """Write that nothing could be judged."""
    suite = ET.Element("testsuite", name="thumbrig gate", tests="1", failures="0", errors="1")
    case = ET.SubElement(suite, "testcase", classname="gate", name="judge")
    ET.SubElement(case, "error", type="cannot judge", message=reason)
    return _text(suite)


def _cases(verdict: Verdict) -> Iterator[_Case]:
    for check in verdict.whole:
        failures = [wording.sentence(check)] if check.regressed else []
        yield "whole set", wording.whole_name(check), failures
    for entry in verdict.pictures:
        failures = [wording.sentence(check) for check in entry.regressions]
        remark = wording.remark(entry)
        yield "picture", entry.name, [*failures, remark] if remark else failures


def _suite(cases: Sequence[_Case], changes: Sequence[str]) -> str:
    failed = sum(bool(failures) for _, _, failures in cases)
    suite = ET.Element(
        "testsuite", name="thumbrig gate", tests=str(len(cases)), failures=str(failed), errors="0"
    )
    properties = ET.SubElement(suite, "properties")
    for number, text in enumerate(changes, start=1):
        ET.SubElement(properties, "property", name=f"changed {number}", value=text)
    for kind, name, failures in cases:
        case = ET.SubElement(suite, "testcase", classname=f"gate.{kind}", name=name)
        if failures:
            ET.SubElement(
                case, "failure", type=Outcome.REGRESSED.value, message="; ".join(failures)
            ).text = "\n".join([*failures, *changes])
    return _text(suite)


def _text(suite: ET.Element) -> str:
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
