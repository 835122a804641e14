"""Validators: V1 to V5."""

from __future__ import annotations

from struct import pack
from typing import Any

import flatbuffers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatstream import (
    CompositeValidator,
    NoValidator,
    SizeValidator,
    TableRootValidator,
    TypedValidator,
    ValidationFailed,
    Validator,
)


def refusal(validator: Validator, payload: bytes) -> tuple[str, str] | None:
    try:
        validator.validate(memoryview(payload))
    except ValidationFailed as error:
        return error.validator, error.reason
    return None


@given(st.binary())
def test_no_validator_accepts_everything(payload: bytes) -> None:
    assert refusal(NoValidator(), payload) is None


@pytest.mark.parametrize(("size", "accepted"), [(2, False), (3, True), (5, True), (6, False)])
def test_both_sizes_are_inclusive(size: int, accepted: bool) -> None:
    answer = refusal(SizeValidator(3, 5), b"x" * size)
    assert answer == (None if accepted else ("SizeValidator", f"{size} bytes, not 3 to 5"))


@pytest.mark.parametrize(("low", "high"), [(-1, 5), (5, 4)])
def test_sizes_that_accept_nothing_are_refused(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="accept nothing"):
        SizeValidator(low, high)


def test_a_composite_stops_at_the_first_refusal_and_reports_that_child() -> None:
    asked: list[str] = []

    def verify(payload: Any) -> bool:
        asked.append("typed")
        return bytes(payload) != b"wrong"

    composite = CompositeValidator(SizeValidator(0, 5), CompositeValidator(TypedValidator("Event", verify)))
    assert refusal(composite, b"right") is None
    assert refusal(composite, b"wrong") == ("Event", "the payload is not of this type")
    assert refusal(composite, b"too long") == ("SizeValidator", "8 bytes, not 0 to 5")
    assert asked == ["typed", "typed"]
    assert refusal(CompositeValidator(), b"") is None
    assert CompositeValidator().name == "CompositeValidator"


@pytest.mark.parametrize("answer", [True, None, 0, ""])
def test_a_typed_validator_accepts_unless_it_is_told_false(answer: object) -> None:
    assert refusal(TypedValidator("Event", lambda _: answer), b"") is None


def test_what_a_verifying_callable_raises_becomes_the_reason() -> None:
    def verify(_payload: Any) -> None:
        raise LookupError("no field")

    with pytest.raises(ValidationFailed) as caught:
        TypedValidator("Event", verify).validate(b"")
    assert (caught.value.validator, caught.value.reason) == ("Event", "LookupError: no field")
    assert isinstance(caught.value.__cause__, LookupError)


def table(root: int, soffset: int, vtable: bytes, at: int, size: int) -> bytes:
    """A payload of ``size`` bytes with a root offset, a table there that points back, and a vtable at ``at``."""
    payload = bytearray(size)
    payload[:4] = pack("<I", root)
    payload[root : root + 4] = pack("<i", soffset)
    payload[at : at + len(vtable)] = vtable
    return bytes(payload)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "0 bytes hold no root offset"),
        (b"\0\0\0", "3 bytes hold no root offset"),
        (pack("<Ii", 2, 0), "root 2 is not a multiple of 4"),
        (pack("<Ii", 8, 0), "root 8 lies outside of 8 bytes"),
        (pack("<I3s", 4, b"abc"), "root 4 lies outside of 7 bytes"),
        (pack("<Ii", 4, 5), "vtable -1 lies outside of 8 bytes"),
        (pack("<Ii", 4, -4), "vtable 8 lies outside of 8 bytes"),
        (pack("<Ii", 4, 1), "vtable 3 is odd, or its length lies outside of 8 bytes"),
        (pack("<Iib", 4, -4, 0), "vtable 8 is odd, or its length lies outside of 9 bytes"),
        (bytes.fromhex("04000000fcffffff0300"), "vtable length 3 is odd"),
        (table(8, 4, pack("<HH", 10, 4), 4, 12), "vtable 4 of 10 bytes ends outside of 12 bytes"),
    ],
)
def test_each_check_of_the_table_root_in_order(payload: bytes, reason: str) -> None:
    assert refusal(TableRootValidator(), payload) == ("TableRootValidator", reason)


@pytest.mark.parametrize(
    "payload",
    [
        bytes(4),
        bytes.fromhex("080000000400040004000000"),
        table(8, 4, pack("<HH", 8, 4), 4, 12),
        table(4, -4, pack("<H", 2), 8, 10),
        table(4, -4, pack("<H", 0), 8, 10),
    ],
)
def test_what_passes_the_table_root_at_the_edges(payload: bytes) -> None:
    assert refusal(TableRootValidator(), payload) is None


def test_the_limits_of_the_table_root_must_admit_a_table() -> None:
    assert refusal(TableRootValidator(max_depth=1, max_tables=1), bytes(4)) is None
    name = "TableRootValidator"
    assert refusal(TableRootValidator(max_tables=0, max_depth=0), bytes(4)) == (
        name,
        "max_tables 0 admits no root table",
    )
    assert refusal(TableRootValidator(max_depth=0), bytes(4)) == (name, "max_depth 0 admits no root table")


@given(st.binary(max_size=40))
def test_the_table_root_answers_for_any_bytes(payload: bytes) -> None:
    answer = refusal(TableRootValidator(), payload)
    assert answer is None or answer[0] == "TableRootValidator"


@given(st.lists(st.integers(0, 2**64 - 1), max_size=5))
def test_real_tables_pass_the_table_root(fields: list[int]) -> None:
    builder = flatbuffers.Builder(0)
    builder.StartObject(len(fields))
    for slot, value in enumerate(fields):
        builder.PrependUint64Slot(slot, value, 0)
    builder.Finish(builder.EndObject())
    assert refusal(TableRootValidator(), bytes(builder.Output())) is None
