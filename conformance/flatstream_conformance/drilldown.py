"""What the page needs to show single cases, as JSON: the vectors once, and beside them what went on in each run.

It is data for the script of the page, which makes a case's details when they are first opened. All text that
comes from a testee is escaped for display here; the template escapes for HTML, and the script only sets text.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from flatstream_conformance import layout
from flatstream_conformance.terminal import printable, rerun_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flatstream_conformance.json_types import JSON, JsonMapping, JsonObject
    from flatstream_conformance.records import CaseRecord, Records
    from flatstream_conformance.suite import Suite, Vector
    from flatstream_conformance.verdict import Difference

# Characters of a string, and fields of a wire, that the page holds; the vector's file has the whole.
TEXT_KEPT = 1024
FIELDS_KEPT = 48
STDERR_LINES = 12
NOT_RUN = "-"
_FIRST_DIFFERENCE = re.compile(r"first difference at byte (\d+)")


def drilldown(runs: Sequence[Records], labels: Sequence[str], suite: Suite) -> JsonObject:
    """The cases that at least one run has, in the order of the suite, and the runs."""
    by_case = [{case.case: case for case in run.cases} for run in runs]
    chosen = [vector for vector in suite.vectors if any(vector.id in cases for cases in by_case)]
    # The same few hundred labels stand at thousands of fields: the page has each once.
    labels_of_fields: dict[str, int] = {}
    cases_shown: list[JSON] = [
        _case(vector, [cases.get(vector.id) for cases in by_case], labels_of_fields) for vector in chosen
    ]
    return {
        "textKept": TEXT_KEPT,
        "labels": list(labels_of_fields),
        "runs": [
            {
                "label": label,
                "alone": shlex.join([*rerun_words(run.header), "--only"]),
                "found": {
                    str(index): found
                    for index, vector in enumerate(chosen)
                    if vector.id in cases and (found := _found(cases[vector.id]))
                },
            }
            for run, label, cases in zip(runs, labels, by_case, strict=True)
        ],
        "cases": cases_shown,
    }


def _case(vector: Vector, records: Sequence[CaseRecord | None], labels: dict[str, int]) -> JsonObject:
    quoted = shlex.quote(vector.id)
    return {
        "id": vector.id,
        **({} if quoted == vector.id else {"quoted": quoted}),
        "group": vector.group,
        "op": vector.op,
        "rules": list(vector.rules),
        "features": list(vector.features),
        "comment": vector.comment,
        # One letter for each run, as in PROTOCOL.md: pass, fail, error, skip.
        "verdicts": "".join(NOT_RUN if record is None else record.verdict[0] for record in records),
        "request": _cut_all(vector.request),
        "expect": _cut_all(vector.expect),
        "wires": list(_wires(vector, labels)),
    }


def _wires(vector: Vector, labels: dict[str, int]) -> Iterator[JSON]:
    """Each wire: the message and field that hold it, its length, and `[bytes, number of the label]` of its fields."""
    algorithm = vector.algorithm
    limit = vector.request.get("max_frame_len")
    bound = limit if isinstance(limit, int) else None
    for message, fields in (("request", vector.request), ("expect", vector.expect)):
        wire = fields.get("wire")
        if algorithm is not None and isinstance(wire, str):
            split = layout.split(bytes.fromhex(wire), algorithm, bound)
            parts: list[JSON] = [
                [len(field.data), labels.setdefault(field.label, len(labels))] for field in split[:FIELDS_KEPT]
            ]
            yield [message, "wire", len(wire) // 2, parts]
    data = vector.request.get("data")
    if isinstance(data, str):
        size = len(data) // 2
        yield ["request", "data", size, [[size, labels.setdefault("data", len(labels))]]]


def _found(case: CaseRecord) -> JsonObject:
    """What is to say about a case beyond its verdict; empty for one that simply passed."""
    found: JsonObject = {}
    if case.counts:
        found["counts"] = True
    if case.known is not None:
        found["known"] = printable(case.known)
    if case.reason:
        found["reason"] = printable(case.reason)
    if case.fault is not None:
        found["fault"] = case.fault
    if case.differences:
        found["differences"] = [_difference(difference) for difference in case.differences]
        at = _first_difference_of_the_wire(case)
        if at is not None:
            found["at"] = at
    if case.stderr.strip():
        found["stderr"] = "\n".join(printable(case.stderr).strip().splitlines()[-STDERR_LINES:])
    return found


def _difference(difference: Difference) -> JsonObject:
    rows: list[JSON] = [[row.offset, row.expected, row.got, printable(row.label)] for row in difference.rows]
    return {
        "field": printable(difference.field),
        "expected": difference.expected,
        "got": printable(difference.got),
        "note": printable(", ".join(part for part in (difference.note, difference.place) if part)),
        **({"rows": rows} if rows else {}),
    }


def _first_difference_of_the_wire(case: CaseRecord) -> int | None:
    """The offset to mark in the expected wire, as the note of the difference says it."""
    for difference in case.differences:
        if difference.field == "wire" and (mark := _FIRST_DIFFERENCE.search(difference.note)):
            return int(mark[1])
    return None


def _cut(value: JSON) -> JSON:
    """The value with each long string cut, and the length said in its place."""
    if isinstance(value, str) and len(value) > TEXT_KEPT:
        return f"{value[:TEXT_KEPT]}... ({len(value)} characters)"
    if isinstance(value, list):
        return [_cut(each) for each in value]
    if isinstance(value, dict):
        return _cut_all(value)
    return value


def _cut_all(fields: JsonMapping) -> JsonObject:
    return {name: _cut(value) for name, value in fields.items()}
