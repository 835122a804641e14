"""The schemas say what the protocol says, and tell a malformed reply from a wrong one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from flatstream_conformance.profiles import PROFILES
from flatstream_conformance.schemas import FEATURES, OPS, reply_problem, request_problem

PROTOCOL = Path(__file__).parents[1] / "PROTOCOL.md"
FLIPPED = {"kind": "checksum_mismatch", "expected": "00", "calculated": "01"}


def first_cells(heading: str) -> set[str]:
    """The names in the first column of the tables under a heading of the protocol."""
    text = PROTOCOL.read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE))


def test_the_features_and_operations_are_those_of_the_document() -> None:
    optional = first_cells("Optional features")
    assert set(FEATURES) == optional - set(OPS)
    kinds = {"unexpected_eof", "invalid_frame", "checksum_mismatch", "validation_failed", "io"}
    assert set(OPS) == (first_cells("Operations") - kinds) | (optional & set(OPS))


def test_every_feature_and_operation_is_in_a_profile_of_its_own_and_in_full() -> None:
    assert PROFILES["full"].features == set(FEATURES)
    assert PROFILES["full"].ops == set(OPS)
    parts = [profile for name, profile in PROFILES.items() if name != "full"]
    assert set().union(*(profile.features for profile in parts)) == set(FEATURES)
    assert set().union(*(profile.ops for profile in parts)) == set(OPS) - {"bench"}


@pytest.mark.parametrize(
    ("op", "reply"),
    [
        ("checksum", {"checksum": ""}),
        ("frame", {"wire": "00"}),
        ("frame", {"wire": "", "error": {"kind": "io"}}),
        ("frame", {"asked": 2}),
        ("frame", {"wire": "", "results": ["ok", {"raised": True}, {"error": {"kind": "io"}}]}),
        ("deframe", {"payloads": [], "end": "clean"}),
        ("deframe", {"payloads": ["00"], "end": "stopped", "consumed": 5}),
        ("deframe", {"payloads": [], "end": "error", "error": FLIPPED}),
        ("deframe", {"events": [{"payload": "00"}, {"error": FLIPPED}, {"end": "clean"}]}),
        ("recover", {"frames": 0, "last_good_offset": 0, "end": "torn_tail", "extra": None}),
        ("recover", {"error": {"kind": "io", "offset": 3}}),
        ("truncate", {"refused": True, "wire": "", "error": {"kind": "io"}}),
        ("policy", {"decisions": [None, "count", "cooldown"]}),
        ("declare", {"accepted": False}),
        ("bench", {"ns": 1}),
        ("policy", {"skipped": "no policies"}),
        ("deframe", {"errored": "panic"}),
    ],
)
def test_replies_of_the_protocol_are_accepted(op: str, reply: dict[str, Any]) -> None:
    assert reply_problem(op, {"seq": 1, **reply}) is None


@pytest.mark.parametrize(
    ("op", "reply"),
    [
        ("checksum", {}),
        ("checksum", {"checksum": 12}),
        ("checksum", {"checksum": "0"}),
        ("checksum", {"checksum": "AB"}),
        ("checksum", {"checksum": "00" * 9}),
        ("frame", {}),
        ("frame", {"wire": "00", "error": "io"}),
        ("frame", {"wire": "00", "error": {"kind": "oops"}}),
        ("frame", {"wire": "00", "error": {"kind": "invalid_frame", "limit": 3}}),
        ("frame", {"wire": "00", "results": ["fine"]}),
        ("deframe", {"payloads": [], "end": "eof"}),
        ("deframe", {"payloads": [], "end": "error"}),
        ("deframe", {"payloads": [], "end": "clean", "error": {"kind": "io"}}),
        ("deframe", {"end": "clean"}),
        ("deframe", {"payloads": [], "end": "error", "error": {"kind": "checksum_mismatch"}}),
        ("deframe", {"payloads": [], "end": "error", "error": {"kind": "validation_failed"}}),
        ("deframe", {"events": [], "payloads": [], "end": "clean"}),
        ("deframe", {"events": [{}]}),
        ("recover", {"frames": 1, "last_good_offset": 7}),
        ("recover", {"frames": -1, "last_good_offset": 7, "end": "clean_eof"}),
        ("recover", {"frames": True, "last_good_offset": 7, "end": "clean_eof"}),
        ("recover", {"frames": 1.5, "last_good_offset": 7, "end": "clean_eof"}),
        ("recover", {"frames": 1, "last_good_offset": 7, "end": "clean_eof", "error": {"kind": "io"}}),
        ("truncate", {"refused": 0, "wire": ""}),
        ("policy", {"decisions": ["shrink"]}),
        ("declare", {"accepted": "yes"}),
        ("bench", {"ns": -1}),
        ("deframe", {"skipped": ""}),
        ("deframe", {"errored": None}),
    ],
)
def test_other_replies_are_refused_in_one_line(op: str, reply: dict[str, Any]) -> None:
    problem = reply_problem(op, {"seq": 1, **reply})
    assert problem
    assert "\n" not in problem
    assert len(problem) < 300


def test_a_request_with_a_field_of_another_operation_is_refused() -> None:
    request = {"seq": 1, "op": "checksum", "algorithm": "none", "data": ""}
    assert request_problem(request) is None
    assert request_problem({**request, "wire": "00"}) is not None
    assert request_problem({**request, "op": "hash"}) == "op: 'hash' is not an operation of the protocol"
