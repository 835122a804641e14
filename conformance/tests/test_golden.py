"""The installed vectors against the runner: they are in the protocol, and right testees pass them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flatstream_conformance.run import Plan, run
from flatstream_conformance.schemas import ALGORITHMS, FEATURES, reply_problem, request_problem
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from tests.conftest import Bench

    from flatstream_conformance.suite import Vector

PLAIN = Path(__file__).parents[1] / "testees" / "python_plain" / "testee.py"
# The features that an optional field of a request may need: one of them at least must be named by its vector.
NEEDS = {
    "chunks": {"chunked"},
    "fault_after": {"faults"},
    "sink_chunk": {"short_writes"},
    "sink_fault_after": {"sink_faults"},
    "validator": {"validators", "composite_validators", "typed_validator"},
    "fault_once": {"single_fault"},
    "observe": {"observers"},
    "calls": {"resume"},
    "go_on": {"resume"},
    "appended": {"appends"},
    "stop_after": {"exact_reads"},
    "callback_fails_at": {"callbacks"},
    "serializer_fails_at": {"serializers"},
    "finish": {"durability"},
    "skip_frames": {"positions"},
    "scan": {"positions"},
    "count_empty_tail": {"empty_tail"},
    "zeros": {"huge"},
    "mode": {"policies"},
    "report_offsets": {"offsets"},
}


def needed(vector: Vector) -> list[set[str]]:
    sets = [NEEDS[name] for name in vector.request if name in NEEDS]
    if "policy" in vector.request and vector.op != "policy":
        sets.append({"policies"})
    if vector.algorithm is not None and vector.algorithm not in ALGORITHMS:
        sets.append({"custom"})
    return sets


def test_every_request_and_every_expected_reply_is_in_the_protocol() -> None:
    for vector in load().vectors:
        request = {"seq": 1, "op": vector.op, **vector.request}
        assert request_problem(request) is None, vector.id
        assert reply_problem(vector.op, {"seq": 1, **vector.expect}) is None, vector.id


def test_every_vector_names_the_features_that_its_fields_need() -> None:
    for vector in load().vectors:
        assert set(vector.features) <= set(FEATURES), vector.id
        for one_of in needed(vector):
            assert one_of & set(vector.features), (vector.id, one_of)


def test_a_testee_that_is_handed_the_answers_passes_every_vector(bench: Bench) -> None:
    suite = load()
    answers = [{"op": v.op, "request": dict(v.request), "expect": dict(v.expect)} for v in suite.vectors]
    done = run(Plan(replace(bench, vectors=merged(answers)).testee(), suite))
    assert [case.case for case in done.cases if case.verdict != "pass"] == []
    assert done.footer.executed == len(suite.vectors) > 0
    assert done.footer.exit_status == 0


def merged(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same request may stand in two vectors that expect different fields of its one answer."""
    by_request: dict[str, dict[str, Any]] = {}
    for answer in answers:
        key = json.dumps([answer["op"], answer["request"]], sort_keys=True)
        by_request.setdefault(key, {**answer, "expect": {}})["expect"].update(answer["expect"])
    return list(by_request.values())


def test_python_without_the_library_passes_all_that_it_claims() -> None:
    done = run(Plan([sys.executable, str(PLAIN)], load()))
    assert [(case.case, case.reason) for case in done.cases if case.counts] == []
    assert done.footer.executed > 0
    assert done.footer.exit_status == 0


def test_the_plain_testee_is_one_short_file_without_the_library() -> None:
    source = PLAIN.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 300
    assert "import flatstream" not in source
    assert "from flatstream" not in source


def test_the_plain_testee_passes_the_small_suite(bench: Bench) -> None:
    done = bench.command("run", testee=[sys.executable, str(PLAIN)])
    assert done.returncode == 0, done.stderr
    assert "PASSED: 9 of 9 executed" in done.stdout
