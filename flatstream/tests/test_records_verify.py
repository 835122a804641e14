"""Verifying: what is sound passes, what leads outside, round in circles or too deep is refused, and nothing crashes."""

from __future__ import annotations

from functools import partial
from struct import pack, pack_into, unpack_from
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatstream import ChecksumDeframer, FlatBuffersError, Record, StreamReader, TypedValidator, ValidationFailed
from flatstream.batch import frame_many
from flatstream.errors import VerificationFailed
from flatstream.records import field, frame_records
from flatstream.tests.zoo import KEEPER, MONSTER, TELEMETRY, THING, messages


def refusal(record: Record, payload: bytes, **limits: int) -> tuple[str, str] | None:
    try:
        record.verify(payload, **limits)
    except VerificationFailed as error:
        return error.field, error.reason
    return None


def patched(payload: bytes, position: int, layout: str, value: int) -> bytes:
    data = bytearray(payload)
    pack_into(layout, data, position, value)
    return bytes(data)


def place(payload: bytes, slot: int) -> int:
    """Where the field of that slot lies in the root table."""
    (root,) = unpack_from("<I", payload)
    vtable = root - unpack_from("<i", payload, root)[0]
    return int(root + unpack_from("<H", payload, vtable + 4 + 2 * slot)[0])


EVENT = TELEMETRY.encode(device_id=1, timestamp=2, value=3.0)  # root at 4, vtable at 32
TEXT = Record("Text", text="string")
TEXT_PAYLOAD = TEXT.encode(text="abc")  # root at 4, vtable at 12, text at 20
NUMBERS = Record("Numbers", numbers="[f64]")
NUMBERS_PAYLOAD = NUMBERS.encode(numbers=[1.0, 2.0])  # root at 4, vtable at 12, count at 20


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "0 bytes hold no table"),
        (EVENT[:11], "11 bytes hold no table"),
        (patched(EVENT, 0, "<I", 0), "the root offset 0 leads outside of 42 bytes"),
        (patched(EVENT, 0, "<I", 42), "the root offset 42 leads outside of 42 bytes"),
        (patched(EVENT, 0, "<I", 2**31), "the root offset 2147483648 leads outside of 42 bytes"),
        (patched(EVENT, 0, "<I", 6), "a table must be aligned to 4 bytes and inside of 42"),
        (patched(EVENT, 0, "<I", 40), "a table must be aligned to 4 bytes and inside of 42"),
        (patched(EVENT, 4, "<i", 5), "the vtable at -1 must be aligned to 2 bytes and inside of 42"),
        (patched(EVENT, 4, "<i", 1), "the vtable at 3 must be aligned to 2 bytes and inside of 42"),
        (patched(EVENT, 4, "<i", -38), "the vtable at 42 must be aligned to 2 bytes and inside of 42"),
        (patched(EVENT[:41], 4, "<i", -36), "the vtable at 40 must be aligned to 2 bytes and inside of 41"),
        (patched(EVENT, 32, "<H", 9), "a vtable of 9 bytes is odd, or ends outside of 42"),
        (patched(EVENT, 32, "<H", 12), "a vtable of 12 bytes is odd, or ends outside of 42"),
        (patched(EVENT, 36, "<H", 5), "8 bytes must be aligned to 8 and inside of 42"),
        (patched(EVENT, 36, "<H", 36), "8 bytes must be aligned to 8 and inside of 42"),
    ],
)
def test_each_check_of_a_table_and_its_numbers(payload: bytes, reason: str) -> None:
    answer = refusal(TELEMETRY, payload)
    assert answer is not None
    assert answer[1] == reason


def test_a_number_ends_where_the_payload_ends_at_the_latest() -> None:
    small = Record("Small", number="u8")
    payload = small.encode(number=5)  # root at 4, vtable at 10
    assert len(payload) == 16
    assert refusal(small, patched(payload, 14, "<H", 11)) is None
    answer = refusal(small, patched(payload, 14, "<H", 12))
    assert answer == ("number", "1 bytes must be aligned to 1 and inside of 16")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (patched(TEXT_PAYLOAD, 8, "<I", 0), "the offset 0 leads outside of 28 bytes"),
        (patched(TEXT_PAYLOAD, 8, "<I", 20), "the offset 20 leads outside of 28 bytes"),
        (patched(TEXT_PAYLOAD, 8, "<I", 2**31 + 4), "the offset 2147483652 leads outside of 28 bytes"),
        (patched(TEXT_PAYLOAD, 8, "<I", 13), "a string must be aligned to 4 bytes and inside of 28"),
        (patched(TEXT_PAYLOAD[:26], 8, "<I", 16), "a string must be aligned to 4 bytes and inside of 26"),
        (patched(TEXT_PAYLOAD, 20, "<I", 4), "a string of 4 bytes ends outside of 28"),
        (patched(TEXT_PAYLOAD, 20, "<I", 2**32 - 1), "a string of 4294967295 bytes ends outside of 28"),
        (patched(TEXT_PAYLOAD, 27, "<B", 1), "a string does not end in a NUL"),
        (patched(TEXT_PAYLOAD, 25, "<B", 0xFF), "a string is no UTF-8: invalid start byte"),
        (patched(TEXT_PAYLOAD, 16, "<H", 6), "an offset must be aligned to 4 bytes and inside of 28"),
        (patched(TEXT_PAYLOAD, 16, "<H", 24), "an offset must be aligned to 4 bytes and inside of 28"),
    ],
)
def test_each_check_of_a_string(payload: bytes, reason: str) -> None:
    assert refusal(TEXT, payload) == ("text", reason)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (patched(NUMBERS_PAYLOAD, 20, "<I", 3), "a vector of 3 elements of 8 bytes ends outside of 40"),
        (
            patched(NUMBERS_PAYLOAD, 20, "<I", 2**32 - 1),
            "a vector of 4294967295 elements of 8 bytes ends outside of 40",
        ),
        (patched(NUMBERS_PAYLOAD, 8, "<I", 10), "a vector must be aligned to 4 bytes and inside of 40"),
        (
            patched(NUMBERS.encode(numbers=[0.0] * 5), 8, "<I", 8),
            "the elements of a vector are not aligned to 8 bytes",
        ),
    ],
)
def test_each_check_of_a_vector(payload: bytes, reason: str) -> None:
    assert refusal(NUMBERS, patched(payload, 16, "<H", 4)) == ("numbers", reason)


def test_a_required_field_must_be_there() -> None:
    loose = Record("R", name="string", other="u8")
    strict = Record("R", name=field("string", required=True), other="u8")
    assert refusal(strict, loose.encode(other=1)) == ("name", "it is required, and absent")
    assert refusal(strict, loose.encode(name="x")) is None


def test_a_file_identifier_must_be_the_records() -> None:
    named = TELEMETRY.replace(file_identifier="TELE")
    assert refusal(named, named.encode(device_id=1)) is None
    assert refusal(TELEMETRY, named.encode(device_id=1)) is None
    answer = refusal(named, TELEMETRY.encode(device_id=1))
    assert answer == ("", r"the file identifier is b'\xf4\xff\xff\xff', not b'TELE'")


@pytest.mark.parametrize("slot", [1, 2])
def test_a_union_has_both_tag_and_value_or_neither(slot: int) -> None:
    payload = THING.encode(what_type="Leaf", what={"value": 1})
    (root,) = unpack_from("<I", payload)
    vtable = root - unpack_from("<i", payload, root)[0]
    answer = refusal(THING, patched(payload, vtable + 4 + 2 * slot, "<H", 0))
    assert answer == ("what", "a union has the tag 1, and no value" if slot == 2 else "a union has a value, and no tag")


def test_a_union_may_have_the_tag_none_without_a_value() -> None:
    payload = THING.encode(what_type="Leaf", what={"value": 1})
    (root,) = unpack_from("<I", payload)
    vtable = root - unpack_from("<i", payload, root)[0]
    untagged = patched(patched(payload, vtable + 8, "<H", 0), place(payload, 1), "<B", 0)
    assert refusal(THING, untagged) is None
    assert THING.decode(untagged)["what"] is None


def test_a_tag_of_a_newer_schema_is_accepted_and_reads_as_nothing() -> None:
    payload = THING.encode(what_type="Leaf", what={"value": 1})
    newer = patched(payload, place(payload, 1), "<B", 200)
    assert refusal(THING, newer) is None
    assert THING.decode(newer)["what"] is None
    assert THING.view(newer).what is None


@pytest.mark.parametrize(
    ("tag", "reason"), [("Place", "16 bytes must be aligned to 8"), ("Label", "a string must be aligned")]
)
def test_the_value_of_a_union_is_checked_by_its_tag(tag: str, reason: str) -> None:
    value: Any = (1.0, 2.0) if tag == "Place" else "text"
    payload = THING.encode(what_type=tag, what=value)
    at = place(payload, 2)
    answer = refusal(THING, patched(payload, at, "<I", unpack_from("<I", payload, at)[0] + 2))
    assert answer is not None
    assert answer[0] == "what"
    assert answer[1].startswith(reason)


def test_the_error_says_which_field_of_which_table_and_where() -> None:
    payload = MONSTER.encode(name="x", weapons=[{"name": "a"}, {"name": "b", "parts": [{"name": "zz"}]}])
    at = payload.index(b"zz\0") + 2
    with pytest.raises(VerificationFailed) as caught:
        MONSTER.verify(patched(payload, at, "<B", 1))
    error = caught.value
    assert (error.record, error.field, error.position) == ("zoo.Monster", "weapons[1].parts[0].name", at)
    assert (
        str(error)
        == f"zoo.Monster.weapons[1].parts[0].name, at byte {at} of the payload: a string does not end in a NUL"
    )
    tags = MONSTER.encode(name="x", tags=["a", "qq"])
    assert refusal(MONSTER, patched(tags, tags.index(b"qq\0") + 2, "<B", 1)) == (
        "tags[1]",
        "a string does not end in a NUL",
    )


def nested(depth: int) -> dict[str, Any]:
    return {"name": "x", **({"pet": nested(depth - 1)} if depth > 1 else {})}


def test_tables_are_nested_only_so_deep() -> None:
    assert refusal(MONSTER, MONSTER.encode(**nested(64))) is None
    answer = refusal(MONSTER, MONSTER.encode(**nested(65)))
    assert answer == (".".join(["pet"] * 64), "tables are nested more than 64 deep")
    assert refusal(MONSTER, MONSTER.encode(**nested(65)), max_depth=65) is None
    assert refusal(MONSTER, MONSTER.encode(**nested(1)), max_depth=0) == ("", "tables are nested more than 0 deep")


def test_there_are_only_so_many_tables() -> None:
    payload = MONSTER.encode(name="x", weapons=[{"name": "a"}] * 9)
    assert refusal(MONSTER, payload, max_tables=10) is None
    assert refusal(MONSTER, payload, max_tables=9) == ("weapons", "there are more than 9 tables")
    assert refusal(MONSTER, MONSTER.encode(**nested(3)), max_tables=2) == ("pet.pet", "there are more than 2 tables")


def test_what_is_referred_to_again_and_again_counts_each_time() -> None:
    shared = Record("Shared", texts=["string"])
    payload = bytearray(shared.encode(texts=["x" * 1000] + [""] * 99))
    (root,) = unpack_from("<I", payload)
    start = place(bytes(payload), 0)
    vector = start + unpack_from("<I", payload, start)[0]
    text = vector + 4 + unpack_from("<I", payload, vector + 4)[0]
    for index in range(100):
        pack_into("<I", payload, vector + 4 + 4 * index, text - (vector + 4 + 4 * index))
    assert refusal(shared, bytes(payload)) is None
    answer = refusal(shared, bytes(payload), max_apparent_size=50_000)
    assert answer == ("texts", "what it refers to comes to more than 50000 bytes")
    assert refusal(TELEMETRY, EVENT, max_apparent_size=30) == ("", "what it refers to comes to more than 30 bytes")
    assert root == 4


def test_one_string_referred_to_a_million_times_is_not_read_so_often() -> None:
    shared = Record("Shared", texts=["string"])
    count, size = 200_000, 1_000_000
    offsets = b"".join(pack("<I", 4 * (count - index)) for index in range(count))
    payload = pack("<IiIHHHHI", 4, -8, 12, 6, 8, 4, 0, count) + offsets + pack("<I", size) + b"x" * size + b"\0"
    start = perf_counter()
    assert refusal(shared, payload) == ("texts", "what it refers to comes to more than 2147483648 bytes")
    assert perf_counter() - start < 60  # 2 GB are looked at, not 200


@given(messages(MONSTER, 1), st.data())
def test_a_corrupted_payload_is_refused_or_can_be_read(message: dict[str, Any], data: st.DataObject) -> None:
    payload = bytearray(MONSTER.encode(**message))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    broken = bytes(payload[: data.draw(st.integers(0, len(payload)))])
    try:
        read = MONSTER.decode(broken)
    except VerificationFailed:
        view = None
        try:
            view = MONSTER.view(broken, verified=True)
            for name in MONSTER.view(MONSTER.encode(name="x")).__dir__()[-5:]:
                view[name]
        except FlatBuffersError:
            pass
    else:
        assert read.keys() == message.keys()


LEAF = Record("zoo.inner.Leaf", value="u32", name=field("string", required=True), wide="f64")
HOLDER = Record("Holder", id="u8", leaf=field("[u8]", nested=LEAF))


def keeper(depth: int) -> bytes:
    leaf = LEAF.encode(name="abc")
    payload = KEEPER.encode(leaf=leaf)
    for _ in range(depth - 1):
        payload = KEEPER.encode(leaf=leaf, self=payload)
    return payload


def test_bytes_that_are_a_buffer_are_verified_as_one() -> None:
    good = LEAF.encode(value=1, name="abc")
    for record in (KEEPER, HOLDER):
        payload = record.encode(id=1, leaf=good)
        assert refusal(record, payload) is None
        assert record.decode(payload)["leaf"] == good
        at = payload.index(b"abc\0") + 3
        start = payload.index(good)
        with pytest.raises(VerificationFailed) as caught:
            record.verify(memoryview(patched(payload, at, "<B", 1)))
        error = caught.value
        assert (error.field, error.position) == ("leaf[...].name", at)
        assert (
            error.reason == f"a string does not end in a NUL (in the buffer from byte {start} on, counted from there)"
        )


@pytest.mark.parametrize(
    ("inner", "where", "reason"),
    [
        (b"", "leaf[...]", "0 bytes hold no table"),
        (bytes(11), "leaf[...]", "11 bytes hold no table"),
        (bytes(12), "leaf[...]", "the root offset 0 leads outside of 12 bytes"),
        (patched(LEAF.encode(name=""), 0, "<I", 2**31), "leaf[...]", "the root offset 2147483648 leads outside of"),
        (patched(LEAF.encode(name=""), 0, "<I", 99), "leaf[...]", "the root offset 99 leads outside of"),
        (Record("L", value="u32").encode(value=1), "leaf[...].name", "it is required, and absent"),
    ],
)
def test_each_check_of_a_buffer_inside(inner: bytes, where: str, reason: str) -> None:
    answer = refusal(HOLDER, HOLDER.encode(leaf=inner))
    assert answer is not None
    assert (answer[0], answer[1][: len(reason)]) == (where, reason)


def test_a_buffer_inside_has_any_file_identifier_or_none() -> None:
    named = HOLDER.replace(file_identifier="HOLD")
    assert refusal(named, named.encode(leaf=LEAF.encode(name=""))) is None
    assert refusal(named, named.encode(leaf=LEAF.replace(file_identifier="LEAF").encode(name=""))) is None


def test_the_limits_count_through_buffers_inside() -> None:
    payload = keeper(3)
    assert refusal(KEEPER, payload, max_depth=4, max_tables=6) is None
    answer = refusal(KEEPER, payload, max_depth=3)
    assert answer is not None
    assert (answer[0], answer[1][:38]) == ("self[...].self[...].leaf[...]", "tables are nested more than 3 deep (in")
    answer = refusal(KEEPER, payload, max_tables=5)
    assert answer is not None
    assert answer[1].startswith("there are more than 5 tables")
    assert refusal(KEEPER, payload, max_apparent_size=3 * len(payload)) is None
    answer = refusal(KEEPER, payload, max_apparent_size=len(payload))
    assert answer is not None
    assert "comes to more than" in answer[1]
    assert refusal(KEEPER, keeper(1000)) is not None
    assert refusal(KEEPER, keeper(1000), max_depth=1001) is None


@given(messages(KEEPER, 3), st.data())
def test_a_corrupted_buffer_inside_is_refused_or_can_be_read(message: dict[str, Any], data: st.DataObject) -> None:
    payload = bytearray(KEEPER.encode(**message))
    assert refusal(KEEPER, bytes(payload)) is None
    start = payload.index(message["leaf"])
    at = data.draw(st.integers(start, start + len(message["leaf"]) - 1))
    payload[at] = data.draw(st.integers(0, 255))
    if refusal(KEEPER, bytes(payload)) is None:
        LEAF.decode(KEEPER.decode(bytes(payload))["leaf"])


@given(st.binary(max_size=64))
def test_any_bytes_are_answered(payload: bytes) -> None:
    for record in (MONSTER, THING, TELEMETRY, KEEPER):
        answer = refusal(record, payload)
        assert answer is None or answer[1]


def test_a_record_is_a_validator_in_the_adapters() -> None:
    data = frame_records(TELEMETRY, [(1, 2, 3.0), (4, 5, 6.0)], "crc32")
    deframer = ChecksumDeframer("crc32").with_validator(TypedValidator(TELEMETRY))
    assert len(list(StreamReader(data, deframer))) == 2
    other = frame_records(TEXT, [("abc",)], "crc32")
    reader = StreamReader(data + other, ChecksumDeframer("crc32").with_validator(TypedValidator(MONSTER)))
    with pytest.raises(ValidationFailed, match="the file identifier is") as caught:
        next(iter(reader))
    assert (caught.value.validator, caught.value.offset) == ("zoo.Monster", 0)
    assert isinstance(caught.value.__cause__, VerificationFailed)


def test_a_validator_in_the_reader_refuses_each_payload_that_verify_refuses() -> None:
    broken = patched(EVENT, 4, "<i", 5)
    for copy in (False, True):
        for validator in (
            TypedValidator(TELEMETRY),
            TypedValidator("Event", TELEMETRY.verify),
            TypedValidator("Event", partial(TELEMETRY.verify)),
        ):
            deframer = ChecksumDeframer("crc32").with_validator(validator)
            reader = StreamReader(bytes(frame_many([EVENT, EVENT, broken, EVENT], "crc32")), deframer, copy=copy)
            frames, size = iter(reader), 8 + len(EVENT)
            assert [bytes(next(frames)) for _ in range(2)] == [EVENT] * 2
            with pytest.raises(ValidationFailed) as caught:
                next(frames)
            assert (caught.value.offset, reader.offset) == (2 * size, 3 * size)
            assert [bytes(payload) for payload in reader] == [EVENT]


def test_a_typed_validator_is_a_record_or_a_name_and_a_callable() -> None:
    with pytest.raises(TypeError, match="a name alone verifies nothing"):
        TypedValidator("Event")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="a record verifies by itself"):
        TypedValidator(TELEMETRY, TELEMETRY.verify)  # type: ignore[call-overload]


def test_an_empty_vtable_is_a_table_without_fields() -> None:
    assert refusal(TELEMETRY, pack("<IiHH", 4, -4, 4, 4)) is None
    assert refusal(TELEMETRY, pack("<IiHH", 4, -4, 0, 0)) is None
