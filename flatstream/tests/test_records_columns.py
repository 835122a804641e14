"""From frames to columns: the same values as one message at a time, and the same verdicts as the verifier."""

from __future__ import annotations

from struct import pack, unpack_from
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatstream import ChecksumDeframer, Record, StreamReader
from flatstream.batch import frame_many, scan
from flatstream.errors import SchemaError, VerificationFailed
from flatstream.records import enum, field, frame_records, struct, texts, union
from flatstream.records.gather import Corrupt
from flatstream.tests.test_records_tables import FLAT
from flatstream.tests.zoo import KEEPER, MONSTER, TELEMETRY, THING, exact, messages

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = Record("Event", id="u32", name=field("string", required=True), samples="[f64]", level=field("i8", default=None))


TEXTS = Record("Texts", id="u8", tags=["string"], more=field(["string"], required=True))


def plain(value: Any) -> Any:
    """What `Record.columns` gives, in the form that `Record.decode` has."""
    if value is np.ma.masked:
        return None
    if isinstance(value, np.ndarray) and value.dtype.names is None:
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray) and value.ndim:
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray | np.void):
        return {name: plain(value[name]) for name in value.dtype.names or ()}
    return value.item() if isinstance(value, np.generic) else value


def rows_of(record: Record, columns: dict[str, Any], count: int) -> list[dict[str, Any]]:
    rows = []
    for row in range(count):
        values = {}
        for each in record.table.fields:
            column = columns[each.name]
            mask = np.ma.getmaskarray(column)[row] if np.ma.isMaskedArray(column) else False
            absent = mask[0] if isinstance(mask, np.void) else mask
            values[each.name] = None if absent else plain(np.ma.getdata(column)[row])
        rows.append(values)
    return rows


def as_decoded(record: Record, payload: Any) -> dict[str, Any]:
    message = record.decode(payload)
    return {name: list(value) if isinstance(value, bytes) else value for name, value in message.items()}


def bools(value: Any) -> Any:
    """Bools as numbers, which they are inside of structs and vectors of columns."""
    if isinstance(value, dict):
        return {name: bools(item) for name, item in value.items()}
    if isinstance(value, list):
        return [bools(item) for item in value]
    return int(value) if isinstance(value, bool) else value


@pytest.mark.parametrize("record", [FLAT, FLAT.replace(file_identifier="FLAT", force_defaults=True)])
@given(st.lists(messages(FLAT), max_size=5))
def test_columns_hold_what_decoding_one_by_one_gives(record: Record, rows: list[dict[str, Any]]) -> None:
    frames = scan(frame_records(record, rows))
    columns = record.columns(frames)
    assert record.verify_many(frames) == len(rows)
    expected = [as_decoded(record, payload) for payload in frames]
    assert exact(bools(rows_of(record, columns, len(rows)))) == exact(bools(expected))


@pytest.mark.parametrize("portion", [1, 10, texts.PORTION])
@given(st.lists(messages(TEXTS), max_size=5))
def test_columns_of_vectors_of_strings_hold_what_decoding_gives(portion: int, rows: list[dict[str, Any]]) -> None:
    frames = scan(frame_records(TEXTS, rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "PORTION", portion)
        columns = TEXTS.columns(frames)
        assert TEXTS.verify_many(frames) == len(rows)
        batch = TEXTS.to_arrow(frames)
    assert [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)] == rows
    assert batch.to_pylist() == rows
    batch.validate(full=True)


def test_strings_to_which_offsets_lead_again_and_again_count_each_time() -> None:
    count, size = 200_000, 20_000
    offsets = b"".join(pack("<I", 4 * (count - index)) for index in range(count))
    payload = pack("<IiIHHHHI", 4, -8, 12, 6, 8, 4, 0, count) + offsets + pack("<I", size) + b"x" * size + b"\0"
    with pytest.raises(VerificationFailed, match="comes to more than 2147483648 bytes"):
        Record("Shared", tags=["string"]).columns([payload])


def test_a_string_of_a_vector_is_text_by_itself_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    good = TEXTS.encode(more=["abc", "cd"])
    for portion in (1, 4, 100):
        monkeypatch.setattr(texts, "PORTION", portion)
        for broken in (b"\xa9bc", b"a\xffc", b"ab\xc3"):
            bad = good.replace(b"abc", broken)
            with pytest.raises(VerificationFailed, match="is no UTF-8") as caught:
                TEXTS.columns(scan(frame_many([good, bad, good, bad])))
            assert (caught.value.field, caught.value.offset) == ("more[0]", 4 + len(good))
        halves = [good.replace(b"cd", b"c\xc3"), good.replace(b"abc", b"\xa9bc")]
        with pytest.raises(VerificationFailed, match="unexpected end of data") as caught:
            TEXTS.columns(scan(frame_many(halves)))
        assert (caught.value.field, caught.value.offset) == ("more[1]", 0)


@given(st.lists(messages(MONSTER, 1), max_size=3))
def test_columns_of_tables_and_unions_hold_what_decoding_gives(rows: list[dict[str, Any]]) -> None:
    frames = scan(frame_records(MONSTER, rows))
    columns = MONSTER.columns(frames)
    assert MONSTER.verify_many(frames) == len(rows)
    for name in ("weapons", "equipped_type", "equipped", "tags", "pet"):
        assert exact([plain(each) for each in columns[name]]) == exact([row[name] for row in rows])


@given(st.lists(messages(KEEPER, 3), max_size=3))
def test_columns_of_buffers_inside_hold_their_bytes(rows: list[dict[str, Any]]) -> None:
    frames = scan(frame_records(KEEPER, rows))
    columns = KEEPER.columns(frames)
    assert KEEPER.verify_many(frames) == len(rows)
    expected = [as_decoded(KEEPER, payload) for payload in frames]
    assert rows_of(KEEPER, columns, len(rows)) == expected
    assert {column.dtype for name in ("self", "leaf") for column in columns[name] if column is not None} <= {
        np.dtype("u1")
    }
    assert KEEPER.to_arrow(frames).to_pylist() == expected


def test_columns_of_a_corrupt_buffer_inside_are_refused() -> None:
    leaf = Record("zoo.inner.Leaf", value="u32", name="string")
    good, bad = leaf.encode(name="abc"), leaf.encode(value=1)
    frames = scan(frame_records(KEEPER, [{"leaf": good, "id": 1}, {"leaf": bad, "id": 2}]))
    for read in (KEEPER.columns, KEEPER.to_arrow, KEEPER.verify_many):
        with pytest.raises(VerificationFailed, match="it is required, and absent") as caught:
            read(frames)
        assert (caught.value.field, caught.value.offset) == ("leaf[...].name", frames.offsets[1] - 4)
    assert KEEPER.columns(frames, ["id"])["id"].tolist() == [1, 2]


def test_the_dtypes_of_columns() -> None:
    columns = FLAT.columns(scan(frame_records(FLAT, [{"a": 1, "f": "x", "g": [1.0]}, {"e": True}])))
    assert {name: str(column.dtype) for name, column in columns.items() if name != "d"} == {
        "a": "uint8",
        "b": "float32",
        "c": "int64",
        "e": "bool",
        "f": "object",
        "g": "object",
        "h": "object",
        "i": "uint8",
        "j": "float64",
        "k": "object",
        "l": "object",
    }
    assert columns["d"].dtype.names == ("x", "tags", "color", "on")
    assert [np.ma.isMaskedArray(columns[name]) for name in "abcde"] == [False, False, True, True, False]
    assert columns["a"].tolist() == [1, 7]
    assert columns["f"].tolist() == ["x", None]
    assert columns["g"][0].dtype == np.float64


def test_one_name_is_no_sequence_of_names() -> None:
    with pytest.raises(TypeError, match="names are a sequence of them"):
        EVENT.columns([], "id")


def test_only_the_named_columns_are_read_in_their_order() -> None:
    frames = scan(frame_records(TELEMETRY, [(1, 2, 3.0)]))
    assert {name: column.tolist() for name, column in TELEMETRY.columns(frames, ["value", "device_id"]).items()} == {
        "value": [3.0],
        "device_id": [1],
    }
    with pytest.raises(LookupError, match=r"telemetry\.Telemetry has no field 'speed'"):
        TELEMETRY.columns(frames, ["speed"])


@pytest.mark.parametrize("checksum", ["none", "xxh3_64"])
def test_columns_come_from_frames_readers_and_payloads(checksum: str) -> None:
    data = frame_records(TELEMETRY, [(row, 0, 0.5) for row in range(5)], checksum)
    reader = StreamReader(data, ChecksumDeframer(checksum))
    for source in (scan(data, checksum=checksum), reader, list(StreamReader(data, ChecksumDeframer(checksum)))):
        assert TELEMETRY.columns(source, ["device_id"])["device_id"].tolist() == [0, 1, 2, 3, 4]
    assert TELEMETRY.columns([])["device_id"].tolist() == []
    assert EVENT.columns(reader)["samples"].tolist() == []


def test_the_good_frames_of_a_torn_stream_are_read() -> None:
    frames = scan(frame_records(TELEMETRY, [(1, 2, 3.0), (4, 5, 6.0)])[:-1])
    assert frames.error is not None
    assert TELEMETRY.columns(frames)["device_id"].tolist() == [1]


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_columns_do_not_keep_the_source(rows: int) -> None:
    data = frame_records(FLAT, [{"a": 1, "j": 2.0, "f": "x", "g": [1.0], "d": (1, (1, 2), 1, True)}] * rows)
    columns = FLAT.columns(scan(data))
    data.clear()  # which a view on it would refuse
    assert columns["j"].tolist() == [2.0] * rows
    columns["j"][0] = 3.0


def test_frames_of_one_size_and_of_many_are_read_alike() -> None:
    rows = [(row % 3, row % 2, float(row % 5)) for row in range(60)]
    for order in (rows, sorted(rows), [rows[0]] * 2, [rows[0]]):
        columns = TELEMETRY.columns(scan(frame_records(TELEMETRY, order)))
        assert list(zip(*(column.tolist() for column in columns.values()), strict=True)) == order


# Schema evolution

OLD = Record("R", a="u32", name="string")
NEW = Record(
    "R", a="u32", name="string", level=field("i16", default=-1), tags="[u8]", maybe=field("f32", default=None), at="u64"
)


def test_an_old_message_has_the_defaults_of_newer_fields() -> None:
    payloads = [OLD.encode(a=1, name="x"), NEW.encode(a=2, level=5, tags=b"t", at=9), OLD.encode()]
    frames = scan(frame_many(payloads))
    columns = NEW.columns(frames)
    assert columns["a"].tolist() == [1, 2, 0]
    assert columns["level"].tolist() == [-1, 5, -1]
    assert columns["maybe"].tolist() == [None, None, None]
    assert columns["at"].tolist() == [0, 9, 0]
    assert [plain(each) for each in columns["tags"]] == [None, [ord("t")], None]
    assert NEW.to_arrow(frames).column("maybe").null_count == 3
    assert [NEW.decode(payload)["level"] for payload in payloads] == [-1, 5, -1]
    assert [NEW.view(payload).at for payload in payloads] == [0, 9, 0]


def test_a_new_message_is_read_by_an_old_record() -> None:
    payloads = [NEW.encode(a=2, level=5, tags=b"t", maybe=1.5), OLD.encode(a=3, name="y")]
    columns = OLD.columns(scan(frame_many(payloads)))
    assert columns["a"].tolist() == [2, 3]
    assert columns["name"].tolist() == [None, "y"]
    assert OLD.view(payloads[0]).a == OLD.decode(payloads[0])["a"] == 2


# Corruption


def spoilt(data: st.DataObject, payloads: list[bytes]) -> list[bytes]:
    which = data.draw(st.integers(0, len(payloads) - 1))
    payload = bytearray(payloads[which])
    for _ in range(data.draw(st.integers(1, 2))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(
            st.sampled_from([0, 1, 2, 4, 5, 8, 127, 128, 255])
        )
    broken = bytes(payload[: data.draw(st.sampled_from([len(payload), len(payload), len(payload) - 1, 10]))])
    return [*payloads[:which], broken, *payloads[which + 1 :]]


@pytest.mark.parametrize(
    "record", [FLAT, EVENT, EVENT.replace(file_identifier="EVNT"), TELEMETRY, TEXTS, THING, KEEPER]
)
@given(st.data())
def test_columns_are_refused_exactly_where_the_verifier_refuses(record: Record, data: st.DataObject) -> None:
    rows = data.draw(st.lists(messages(record, 1), min_size=1, max_size=4))
    payloads = spoilt(data, [record.encode(**row) for row in rows])
    frames = scan(frame_many(payloads, "crc16"), checksum="crc16")
    expected = None
    for row, payload in enumerate(payloads):
        try:
            record.verify(payload)
        except VerificationFailed as error:
            expected = (int(frames.offsets[row]) - 6, error.field, error.position, error.reason)
            break
    caught = None
    try:
        record.columns(frames)
    except VerificationFailed as error:
        caught = (error.offset, error.field, error.position, error.reason)
    assert caught == expected
    if expected is not None:
        with pytest.raises(VerificationFailed):
            record.verify_many(frames)


def verdict(call: Callable[[], object]) -> tuple[str, int, str] | None:
    try:
        call()
    except VerificationFailed as error:
        return error.field, error.position, error.reason
    return None


@pytest.mark.parametrize(
    ("record", "values"),
    [
        (TELEMETRY, {"device_id": 1, "timestamp": 2, "value": 3.0}),
        (EVENT, {"id": 1, "name": "abc", "samples": [1.0] * 5, "level": 3}),
        (Record("Small", a="u8", b="string", c="[u8]"), {"a": 1, "b": "ä", "c": b"xyz"}),
        (TEXTS, {"id": 1, "tags": ["ä", "", "xyz"], "more": ["", "a"]}),
    ],
)
def test_each_byte_that_is_wrong_is_judged_as_the_verifier_does(record: Record, values: dict[str, Any]) -> None:
    payload = record.encode(**values)
    refused = 0
    for at in range(len(payload)):
        for value in (*range(17), 20, 24, 32, 40, 127, 128, 192, 252, 254, 255):
            broken = payload[:at] + bytes([value]) + payload[at + 1 :]
            expected = verdict(lambda: record.verify(broken))  # noqa: B023  (called at once)
            assert verdict(lambda: record.columns([broken])) == expected, broken.hex()  # noqa: B023
            refused += expected is not None
    assert refused > 100


def broken_payload(record: Record, **values: Any) -> bytes:
    return record.encode(**values)[:-1] + b"\1" if record is EVENT else b"\xff" * 40


@pytest.mark.parametrize("record", [EVENT, MONSTER])
def test_the_first_corrupt_frame_is_named_by_its_offset(record: Record) -> None:
    good = record.encode(name="x")
    payloads = [good, good, broken_payload(record, name="abc"), broken_payload(record, name="abc")]
    data = frame_many(payloads, "crc32")
    at = 2 * (8 + len(good))
    for call in (record.columns, record.verify_many):
        with pytest.raises(VerificationFailed) as caught:
            call(scan(data, checksum="crc32"))
        assert caught.value.offset == at
        with pytest.raises(VerificationFailed) as caught:
            call(StreamReader(data, ChecksumDeframer("crc32"), offset=1000))
        assert caught.value.offset == 1000 + at
        with pytest.raises(VerificationFailed) as caught:
            call(payloads)
        assert caught.value.offset is None


def test_a_corrupt_table_is_named_by_the_offset_of_its_frame() -> None:
    good, bad = MONSTER.encode(name="x"), MONSTER.encode(name="x", tags=["abc"])[:-1] + b"\1"
    with pytest.raises(VerificationFailed, match=r"tags\[0\]") as caught:
        MONSTER.columns(scan(frame_many([good, bad])), ["tags"])
    assert caught.value.offset == 4 + len(good)


def test_an_earlier_frame_that_fails_a_later_check_is_named_first() -> None:
    payloads = [EVENT.encode(name="x"), EVENT.encode(name="abc")[:-1] + b"\1", bytes(3)]
    with pytest.raises(VerificationFailed, match="a string does not end in a NUL") as caught:
        EVENT.columns(scan(frame_many(payloads)))
    assert caught.value.offset == 4 + len(payloads[0])


def test_an_earlier_table_that_is_corrupt_is_named_first() -> None:
    good = MONSTER.encode(name="x")
    bad_table = MONSTER.encode(name="x", weapons=[{"name": "abc"}])[:-1] + b"\1"
    bad_name = MONSTER.encode(name="abc")[:-1] + b"\1"
    for payloads, names in (([good, bad_table, bad_name], None), ([good, bad_table, bad_name], ["name", "weapons"])):
        frames = scan(frame_many(payloads))
        with pytest.raises(VerificationFailed) as caught:
            MONSTER.columns(frames, names)
        assert (caught.value.field, caught.value.offset) == ("weapons[0].name", 4 + len(good))
    assert list(MONSTER.columns(frames, ["hp", "pet"])["hp"]) == [100] * 3  # what is wrong is in other fields


def test_a_wide_record_is_refused_whatever_is_wrong_in_which_row() -> None:
    names = [f"f{index}" for index in range(100)]
    wide = Record("Wide", **dict.fromkeys(names, "string"))
    rows = [wide.encode(**{name: "abc"})[:-1] + b"\1" for name in reversed(names)]
    with pytest.raises(VerificationFailed) as caught:
        wide.columns(rows)
    assert caught.value.field == "f99"


def test_strings_are_text_each_by_itself_and_not_only_together() -> None:
    half, other_half = (EVENT.encode(name=name) for name in ("ab", "cd"))
    payloads = [half.replace(b"ab", b"a\xc3"), other_half.replace(b"cd", b"\xa9d")]
    with pytest.raises(VerificationFailed, match="a string is no UTF-8: unexpected end of data") as caught:
        EVENT.columns(scan(frame_many(payloads)))
    assert caught.value.offset == 0


def test_what_is_not_asked_for_is_not_looked_at() -> None:
    payload = EVENT.encode(id=5, name="abc")[:-1] + b"\1"
    assert EVENT.columns([payload], ["id"])["id"].tolist() == [5]


def test_checks_that_disagree_do_not_pass_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Record, "verify", lambda _self, _payload: None)
    for record in (TELEMETRY, MONSTER):
        with pytest.raises(Corrupt):
            record.columns([bytes(50)])


# Arrow


@given(st.lists(messages(FLAT), max_size=5))
def test_arrow_holds_what_decoding_one_by_one_gives(rows: list[dict[str, Any]]) -> None:
    frames = scan(frame_records(FLAT, rows))
    batch = FLAT.to_arrow(frames)
    batch.validate(full=True)
    assert exact(batch.to_pylist()) == exact([as_decoded(FLAT, payload) for payload in frames])
    assert FLAT.frame_many(batch) == frame_records(FLAT, rows)


def test_the_types_of_arrow_columns() -> None:
    schema = FLAT.to_arrow(scan(b"")).schema
    assert [str(each.type) for each in schema] == [
        "uint8",
        "float",
        "int64",
        "struct<x: float, tags: fixed_size_list<item: int8>[2], color: uint8, on: bool>",
        "bool",
        "string",
        "list<item: double>",
        "list<item: struct<x: float, tags: fixed_size_list<item: int8>[2], color: uint8, on: bool>>",
        "uint8",
        "double",
        "list<item: bool>",
        "list<item: uint8>",
    ]
    assert [each.nullable for each in schema] == [
        False, False, True, True, False, True, True, True, False, False, True, True
    ]  # fmt: skip


LEAF = Record("Leaf", value="u32", blob="[u8]", names=["string"])
SIDE = Record("Side", what=union("Inner", LEAF, Text="string"))
TREE = Record(
    "Tree", leaf=LEAF, leaves=[LEAF], names=["string"], what=union("Any", LEAF, Side=SIDE, Text="string"), side=SIDE
)


def test_tables_and_unions_become_structs() -> None:
    leaf = {"value": 1, "blob": b"ab", "names": ["n"]}
    rows: list[dict[str, Any]] = [
        {"leaf": leaf, "leaves": [leaf, {}], "names": ["a", "b"], "what_type": "Leaf", "what": leaf},
        {"what_type": "Text", "what": "hi", "side": {"what_type": "Text", "what": "in"}},
        {"what_type": "Side", "what": {"what_type": "Leaf", "what": {"value": 5}}},
        {},
    ]
    batch = TREE.to_arrow(scan(frame_records(TREE, rows)))
    batch.validate(full=True)
    plain_leaf = {"value": 1, "blob": [97, 98], "names": ["n"]}
    empty = {"value": 0, "blob": None, "names": None}
    assert batch.column("leaf").to_pylist() == [plain_leaf, None, None, None]
    assert batch.column("leaves").to_pylist() == [[plain_leaf, empty], None, None, None]
    assert batch.column("names").to_pylist() == [["a", "b"], None, None, None]
    assert batch.column("what_type").to_pylist() == [1, 3, 2, 0]
    nothing = {"Leaf": None, "Side": None, "Text": None}
    inner = {"what_type": 1, "what": {"Leaf": {**empty, "value": 5}, "Text": None}}
    assert batch.column("what").to_pylist() == [
        {**nothing, "Leaf": plain_leaf},
        {**nothing, "Text": "hi"},
        {**nothing, "Side": inner},
        None,
    ]
    assert batch.column("side").to_pylist()[1] == {"what_type": 3 - 1, "what": {"Leaf": None, "Text": "in"}}


def test_arrow_has_no_type_for_tables_in_themselves() -> None:
    frames = scan(frame_records(THING, [{"id": 1}]))
    with pytest.raises(
        SchemaError, match=r"zoo\.Thing\.things: Arrow has no type for a zoo\.Thing in itself: leave this"
    ):
        THING.to_arrow(frames)
    assert THING.to_arrow(frames, ["id"]).to_pylist() == [{"id": 1}]


def test_a_union_in_arrow_needs_its_tag() -> None:
    frames = scan(frame_records(TREE, [{"what_type": "Text", "what": "hi"}]))
    with pytest.raises(LookupError, match="what needs the column what_type too"):
        TREE.to_arrow(frames, ["what"])


def test_a_batch_holds_only_so_many_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record("R", text="string")
    frames = scan(frame_records(record, {"text": ["abc", "de"]}))
    assert record.to_arrow(frames).column("text").to_pylist() == ["abc", "de"]
    monkeypatch.setattr("flatstream.records.arrow_out._MOST", 4)
    with pytest.raises(ValueError, match="text: more than 4 elements in one batch: convert fewer frames at a time"):
        record.to_arrow(frames)


def test_enums_and_structs_in_vectors_come_back() -> None:
    color = enum("C", "i16", A=-5)
    record = Record("R", colors=[color], points=[struct("P", x="i8", y="f64")])
    frames = scan(frame_records(record, [{"colors": ["A", 3], "points": [(1, 2.0)]}]))
    assert record.to_arrow(frames).to_pylist() == [{"colors": [-5, 3], "points": [{"x": 1, "y": 2.0}]}]
    assert isinstance(record.to_arrow(frames), pa.RecordBatch)


def test_a_vtable_that_is_shorter_than_its_own_length_is_one_more_shape() -> None:
    # Found by fuzzing convert: the engine took the second payload for one like the first, which has no fields.
    full = TELEMETRY.encode(device_id=1, timestamp=2, value=3.0)
    vtable = 4 - unpack_from("<i", full, 4)[0]
    empty = full[:vtable] + b"\0\0" + full[vtable + 2 :]
    assert TELEMETRY.decode(empty) == {"device_id": 0, "timestamp": 0, "value": 0.0}
    for payloads in ([empty, full], [full, empty], [empty, empty, full, full, empty]):
        columns = TELEMETRY.columns(payloads)
        assert [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)] == [
            TELEMETRY.decode(payload) for payload in payloads
        ]
