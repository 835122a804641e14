"""One question of the search, and how question and right answer become a vector that can be kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flatstream_conformance.suite import FORMAT_VERSION, SUITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flatstream_conformance.json_types import JsonObject

FEATURE_OF_FIELD = {
    "chunks": "chunked",
    "fault_after": "faults",
    "fault_once": "single_fault",
    "sink_chunk": "short_writes",
    "sink_fault_after": "sink_faults",
    "observe": "observers",
    "calls": "resume",
    "go_on": "resume",
    "appended": "appends",
    "stop_after": "exact_reads",
    "callback_fails_at": "callbacks",
    "serializer_fails_at": "serializers",
    "finish": "durability",
    "skip_frames": "positions",
    "scan": "positions",
    "count_empty_tail": "empty_tail",
    "report_offsets": "offsets",
}
RULES_OF_FIELD: dict[str, tuple[str, ...]] = {
    "chunks": ("R7",),
    "fault_after": ("R8",),
    "sink_chunk": ("S1",),
    "sink_fault_after": ("S4",),
    "calls": ("R10",),
    "appended": ("R1",),
    "stop_after": ("R9",),
    "callback_fails_at": ("R12",),
    "serializer_fails_at": ("S6",),
    "finish": ("S5",),
    "scan": ("C4",),
    "count_empty_tail": ("C6",),
    "report_offsets": ("E2",),
}
RULES_OF_KIND: dict[str, tuple[str, ...]] = {
    "unexpected_eof": ("R2",),
    "invalid_frame": ("R3", "E1"),
    "checksum_mismatch": ("R13",),
    "io": ("R8",),
}
RULES_OF_REFUSAL: dict[str, tuple[str, ...]] = {
    "invalid_frame": ("S2", "E1"),
    "io": ("S4",),
    "validation_failed": ("S2",),
}
"""The kinds of error of a writer."""

RULES_OF_OP: dict[str, tuple[str, ...]] = {"checksum": ("W3", "W4"), "frame": ("W1", "W2")}
RULES_OF_OP |= {"deframe": ("R11",), "recover": (), "truncate": ("C5",)}
RULES_OF_END: dict[str, tuple[str, ...]] = {"clean": ("R1",), "clean_eof": ("C1",), "torn_tail": ("C2",)}


@dataclass(frozen=True, slots=True)
class Case:
    """An operation and the fields of its request."""

    op: str
    request: JsonObject


def features_of(case: Case) -> list[str]:
    """The features that a testee needs for the request, sorted."""
    needed = {FEATURE_OF_FIELD[name] for name in case.request if name in FEATURE_OF_FIELD}
    if "/" in str(case.request["algorithm"]):
        needed.add("custom")
    if "validator" in case.request:
        needed |= set(validator_features(case.request["validator"]))
    return sorted(needed)


def validator_features(validator: Any) -> Iterator[str]:
    """The features that a validator of a request needs."""
    if validator == "table_root" or (isinstance(validator, dict) and "size" in validator):
        yield "validators"
    elif isinstance(validator, dict) and "typed" in validator:
        yield "typed_validator"
    else:
        yield "composite_validators"
        for child in validator.get("composite", []) if isinstance(validator, dict) else []:
            yield from validator_features(child)


def expectation(case: Case, reply: JsonObject) -> JsonObject:
    """What of the reference's reply the protocol promises: the rest is its own affair."""
    expect = {name: value for name, value in reply.items() if name != "seq"}
    if expect.get("end") != "stopped":
        expect.pop("consumed", None)
    if case.request.get("scan") != "file":
        # Only a scan of the file says where the cursor is afterwards (C4).
        expect.pop("position", None)
    return expect


def rules_of(case: Case, expect: JsonObject) -> list[str]:
    """The rules that the case is about, as far as its fields and its right answer tell."""
    found: list[str] = [*RULES_OF_OP[case.op]]
    text = json.dumps(expect)
    for name, of_field in RULES_OF_FIELD.items():
        found += of_field if name in case.request else ()
    kinds = RULES_OF_REFUSAL if case.op == "frame" else RULES_OF_KIND
    for kind, of_kind in kinds.items():
        found += of_kind if f'"kind": "{kind}"' in text else ()
    found += RULES_OF_END.get(str(expect.get("end")), ())
    if "validator" in case.request:
        found.append("R5")
    if case.op == "recover" and "error" in expect:
        found.append("C3")
    return list(dict.fromkeys(found))


def vector_file(case: Case, expect: JsonObject) -> JsonObject:
    """A file of vectors, valid by vectors/schema, that holds this case alone."""
    group = f"fuzz-{case.op}"
    text = json.dumps([case.op, case.request], sort_keys=True)
    algorithm = str(case.request["algorithm"]).replace("/", "-")
    vector: JsonObject = {
        "id": f"{group}/{algorithm}/{hashlib.sha256(text.encode()).hexdigest()[:12]}",
        "rules": [*rules_of(case, expect)],
        "comment": "found by searching: an implementation answered this otherwise than the reference",
        "features": [*features_of(case)],
        "request": case.request,
        "expect": expect,
    }
    return {
        "$schema": f"../schema/{case.op}.schema.json",
        "suite": SUITE,
        "version": FORMAT_VERSION,
        "group": group,
        "op": case.op,
        "about": "Cases that a search found and made small, each answered wrongly by some implementation.",
        "vectors": [vector],
    }
