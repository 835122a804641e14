"""JUnit XML, rendered from the records of a run: what most CI services show as a table of tests."""

from __future__ import annotations

import re
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from flatstream_conformance.records import CaseRecord, Records

# XML 1.0 has no way to write these, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(run: Records) -> str:
    """The document. A known failure is `skipped`; what counts against the testee, a failure or error."""
    root = ET.Element("testsuites", name=f"{run.header.suite} conformance", time=f"{run.footer.seconds:.3f}")
    _count(root, list(run.cases))
    group_of = attrgetter("group")
    for group, members in groupby(sorted(run.cases, key=group_of), key=group_of):
        cases = list(members)
        suite = ET.SubElement(root, "testsuite", name=group, time=f"{sum(c.seconds for c in cases):.6f}")
        _count(suite, cases)
        for case in cases:
            _add_case(suite, case)
    if run.footer.problems:
        suite = ET.SubElement(root, "testsuite", name="run", tests="1", failures="1", errors="0", skipped="0")
        case_element = ET.SubElement(suite, "testcase", classname="run", name="the run as a whole")
        ET.SubElement(case_element, "failure", message=_xml("; ".join(run.footer.problems)))
        root.set("tests", str(len(run.cases) + 1))
        root.set("failures", str(int(root.get("failures", "0")) + 1))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _outcome(case: CaseRecord) -> str | None:
    """The element of a case that did not simply pass."""
    if case.counts:
        return "error" if case.verdict == "error" else "failure"
    return None if case.verdict == "pass" else "skipped"


def _count(element: ET.Element, cases: list[CaseRecord]) -> None:
    outcomes = [_outcome(case) for case in cases]
    element.set("tests", str(len(cases)))
    element.set("failures", str(outcomes.count("failure")))
    element.set("errors", str(outcomes.count("error")))
    element.set("skipped", str(outcomes.count("skipped")))


def _add_case(suite: ET.Element, case: CaseRecord) -> None:
    element = ET.SubElement(suite, "testcase", classname=case.group, name=case.case, time=f"{case.seconds:.6f}")
    outcome = _outcome(case)
    if outcome is not None:
        message = case.reason
        if case.unexpected_pass:
            message = f"passed, but is a known failure: {case.known}"
        elif case.known is not None:
            message = f"known failure: {case.known}"
        child = ET.SubElement(element, outcome, message=_xml(message))
        child.text = _xml(_details(case)) or None
    if case.stderr:
        ET.SubElement(element, "system-err").text = _xml(case.stderr)


def _details(case: CaseRecord) -> str:
    lines = [f"{case.comment}\nrules: {', '.join(case.rules)}"]
    for difference in case.differences:
        lines.append(f"{difference.field}: expected {difference.expected}, got {difference.got}")
        if difference.note:
            lines.append(f"  {difference.note}")
    return "\n".join(lines)


def _xml(text: str) -> str:
    return _NOT_XML.sub(lambda match: repr(match[0])[1:-1], text)
