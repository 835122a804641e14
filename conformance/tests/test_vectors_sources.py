"""What the golden vectors rest on: the oracles, the verdicts written by hand, the FlatBuffers written by hand."""

from __future__ import annotations

import struct

import flatbuffers.table
import flatbuffers.util
import pytest
import xxhash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vectors.generator import known_answers, oracles, payloads
from vectors.generator.groups.table_root import _FAIL, _PASS
from vectors.generator.xxh3 import xxh3_64


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2000))
@example(b"")
@example(bytes(128))
@example(bytes(129))
@example(bytes(240))
@example(bytes(241))
@example(b"\xff" * 1024)
@example(b"\xff" * 1025)
def test_the_two_implementations_of_xxh3_agree(data: bytes) -> None:
    assert xxh3_64(data) == xxhash.xxh3_64(data).intdigest()


@pytest.mark.parametrize("length", known_answers.XXH3_PUBLISHED)
def test_xxh3_gives_the_published_answers(length: int) -> None:
    assert xxh3_64(known_answers.xxhash_test_input(length)) == known_answers.XXH3_PUBLISHED[length]


def test_every_oracle_is_held_against_published_answers() -> None:
    crcs, hashes, fnv = 2 * 2, 2 * len(known_answers.XXH3_PUBLISHED), len(known_answers.FNV1A64_PUBLISHED)
    assert oracles.verify_published_answers() == crcs + hashes + fnv


def test_disagreeing_oracles_make_no_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(oracles._ORACLES, "crc32", (lambda _: 1, lambda _: 2))
    with pytest.raises(oracles.OracleError, match="0x1 or 0x2"):
        oracles.checksum("crc32", b"asked by no vector")


def test_an_oracle_that_contradicts_a_published_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(known_answers.CHECK_VALUES, "crc16", 0x29B1)
    with pytest.raises(oracles.OracleError, match="published 0x29b1"):
        oracles.verify_published_answers()


def _refusing_step(payload: bytes) -> int:
    """Return the first of checks 1 to 7 that refuses, 0 for none: the specification once more, for the test."""
    size = len(payload)
    if size < 4:
        return 1
    (root,) = struct.unpack_from("<I", payload)
    if root % 4:
        return 2
    if root + 4 > size:
        return 3
    vtable = root - struct.unpack_from("<i", payload, root)[0]
    if not 0 <= vtable < size:
        return 4
    if vtable % 2 or vtable + 2 > size:
        return 5
    (vtable_len,) = struct.unpack_from("<H", payload, vtable)
    if vtable_len % 2:
        return 6
    return 7 if vtable + vtable_len > size else 0


@pytest.mark.parametrize(("name", "text", "comment"), _PASS)
def test_passing_table_roots_pass_every_step(name: str, text: str, comment: str) -> None:
    assert _refusing_step(bytes.fromhex(text)) == 0, (name, comment)


@pytest.mark.parametrize(("name", "text", "comment"), [case for case in _FAIL if case[0].startswith("step-")])
def test_failing_table_roots_fail_in_the_step_of_their_name(name: str, text: str, comment: str) -> None:
    assert _refusing_step(bytes.fromhex(text)) == int(name.split("-")[1]), comment


def test_the_flatbuffers_hold_what_their_labels_say() -> None:
    def root(payload: bytes) -> flatbuffers.table.Table:
        return flatbuffers.table.Table(payload, struct.unpack_from("<I", payload)[0])

    def field(payload: bytes, number: int) -> int:
        table = root(payload)
        return int(table.Pos) + int(table.Offset(4 + 2 * number))

    assert struct.unpack_from("<I", payloads.TWO_SCALARS, field(payloads.TWO_SCALARS, 0)) == (42,)
    assert struct.unpack_from("<f", payloads.TWO_SCALARS, field(payloads.TWO_SCALARS, 1)) == (25.0,)
    assert flatbuffers.util.BufferHasIdentifier(payloads.IDENTIFIED, 0, b"TLMY")
    assert struct.unpack_from("<I", payloads.IDENTIFIED, field(payloads.IDENTIFIED, 0)) == (7,)
    assert root(payloads.ONE_STRING).String(field(payloads.ONE_STRING, 0)) == b"hello"
    assert struct.unpack_from("<I", payloads.VTABLE_AFTER_TABLE, field(payloads.VTABLE_AFTER_TABLE, 0)) == (99,)
    assert struct.unpack("<QQd", payloads.TELEMETRY_24) == (1, 1659290819, 42.0)
