"""The schema of the records: what a run writes is in it, and it has no field that a run does not write."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from flatstream_conformance import records
from flatstream_conformance.errors import RecordsError
from flatstream_conformance.records import CaseRecord, Footer, Header
from flatstream_conformance.run import Plan, run
from flatstream_conformance.schemas import record_problem
from flatstream_conformance.speed import Speed
from flatstream_conformance.suite import load
from flatstream_conformance.verdict import Difference, HexRow

if TYPE_CHECKING:
    from tests.conftest import Bench

EVERY_VERDICT = """
CLAIMS["ops"].append("bench")
def answer(r):
    match r["op"]:
        case "checksum":
            return {"checksum": "00"}
        case "frame":
            sys.stderr.write("gone\\n")
            os._exit(3)
        case "recover":
            return {"skipped": "no recovery"}
    return right(r)
"""
KINDS = {
    "header": Header,
    "case": CaseRecord,
    "footer": Footer,
    "difference": Difference,
    "row": HexRow,
    "speed": Speed,
}


def problems(done: records.Records) -> list[str | None]:
    lines = [json.loads(line) for line in records.dump(done).splitlines()]
    kinds = ["header", *["case"] * (len(lines) - 2), "footer"]
    return [record_problem(kind, line) for kind, line in zip(kinds, lines, strict=True)]


def test_every_record_that_is_written_is_in_its_schema(bench: Bench) -> None:
    done = bench.run(EVERY_VERDICT, features=["chunked", "telepathy"], known={"sums/crc16": "reason", "no/case": "x"})
    assert set(done.footer.totals.values()) != {0}
    assert {case.verdict for case in done.cases} == {"pass", "fail", "error", "skip"}
    assert problems(done) == [None] * 11


def test_every_record_of_the_reference_is_in_its_schema() -> None:
    done = run(Plan([sys.executable, "-m", "flatstream_conformance.testee"], load()))
    assert done.footer.speeds
    assert problems(done) == [None] * (len(done.cases) + 2)


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_the_schema_has_the_fields_of_the_records_and_no_others(name: str, kind: type[Any]) -> None:
    text = files("flatstream_conformance.schema").joinpath("records.json").read_text(encoding="utf-8")
    schema = json.loads(text)["$defs"][name]
    assert list(schema["properties"]) == [each.name for each in fields(kind)]
    assert set(schema["required"]) == set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_a_record_of_another_type_is_refused_with_its_number(bench: Bench) -> None:
    header, first, *rest = records.dump(bench.run()).splitlines()
    changed = json.dumps(json.loads(first) | {"counts": 1})
    with pytest.raises(RecordsError, match=r"^record 2 is no case of a run: counts: 1 is not of type 'boolean'$"):
        records.parse("\n".join([header, changed, *rest]))
