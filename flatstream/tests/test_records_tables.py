"""Tables of every kind become the same frames, and the same bytes as one row at a time."""

from __future__ import annotations

import io
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatstream import ChecksumFramer, InvalidFrame, Record, StreamIOError, StreamReader, StreamWriter
from flatstream.batch import frame_many, scan
from flatstream.records import enum, field, frame_records, struct
from flatstream.tests.zoo import MONSTER, TELEMETRY, messages

COLOR = enum("Color", "u8", Red=1, Green=2)
POINT = struct("Point", x="f32", tags="[i8:2]", color=COLOR, on="bool")
FLAT = Record(
    "Flat",
    a=field("u8", default=7),
    b=field("f32", default=0.5),
    c=field("i64", default=None),
    d=POINT,
    e="bool",
    f="string",
    g="[f64]",
    h=[POINT],
    i=COLOR,
    j="f64",
    k="[bool]",
    l="[u8]",
)
"""Everything that is encoded for all rows at once."""


@pytest.mark.parametrize("identifier", ["", "FLAT"])
@pytest.mark.parametrize("forced", [False, True])
@given(st.lists(messages(FLAT), max_size=6))
def test_many_at_once_are_the_same_bytes_as_one_at_a_time(
    identifier: str, forced: bool, rows: list[dict[str, Any]]
) -> None:
    record = FLAT.replace(file_identifier=identifier, force_defaults=forced)
    expected = [record.encode(**row) for row in rows]
    assert [bytes(payload) for payload in record.encode_many(rows)] == expected
    assert record.frame_many(rows, "crc32") == frame_many(expected, "crc32")


NUMBERS = Record(
    "Numbers",
    a=field("u8", default=7),
    b=field("f32", default=0.1),
    c=field("i64", default=None),
    d="f64",
    e=field("f64", default=float("nan")),
    f=field("f32", default=None),
)
"""What `Record.encode` packs in one go."""


@given(st.data())
def test_numbers_in_any_order_are_the_same_bytes_as_a_row(data: st.DataObject) -> None:
    message = data.draw(messages(NUMBERS))
    names = data.draw(st.permutations(sorted(message)))[: data.draw(st.integers(0, len(message)))]
    chosen = {name: message[name] for name in names}
    (expected,) = NUMBERS.encode_many([chosen or {"d": None}])
    assert NUMBERS.encode(**chosen) == expected
    assert NUMBERS.replace(file_identifier="NUMB").encode(**chosen)[4:8] == b"NUMB"


@pytest.mark.parametrize(("name", "value"), [("a", 7), ("b", 0.1), ("e", float("nan"))])
def test_the_bytes_of_a_default_are_left_out_however_they_are_given(name: str, value: float) -> None:
    assert NUMBERS.encode(**{name: value}) == NUMBERS.encode()
    assert NUMBERS.encode(d=1, **{name: value}) == NUMBERS.encode(d=1)


@given(st.data())
def test_only_so_many_orders_are_kept_ready(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flatstream.records.encode.MAX_FLAT", 2)
        record = NUMBERS.replace()
        for _ in range(4):
            names = data.draw(st.permutations(["a", "c", "d"]))
            assert record.decode(record.encode(**dict.fromkeys(names, 3)))["c"] == 3
        assert len(record._encoder._flat) <= 2


@given(st.lists(messages(MONSTER, 1), max_size=3))
def test_what_is_encoded_row_by_row_is_too(rows: list[dict[str, Any]]) -> None:
    expected = [MONSTER.encode(**row) for row in rows]
    assert list(MONSTER.encode_many(rows)) == expected
    assert frame_records(MONSTER, rows, "xxh3_64") == frame_many(expected, "xxh3_64")


def test_many_sets_of_present_fields_are_told_apart() -> None:
    wide = Record("Wide", **{f"f{index}": "u8" for index in range(70)})
    rows = [{f"f{index}": (row >> index % 7) & 1 for index in range(70)} for row in range(128)]
    assert [bytes(each) for each in wide.encode_many(rows)] == [wide.encode(**row) for row in rows]


COLUMNS = {
    "device_id": np.array([1, 2**64 - 1, 3], np.uint64),
    "timestamp": np.array([10, 0, 30], np.int64),
    "value": np.array([0.5, 0.0, -0.0]),
}
ROWS = [(1, 10, 0.5), (2**64 - 1, 0, 0.0), (3, 30, -0.0)]


class Named(NamedTuple):
    """A row with names, which is a tuple but no plain one."""

    device_id: int
    timestamp: int
    value: float


KINDS: dict[str, Any] = {
    "mapping of arrays": COLUMNS,
    "mapping of lists": {name: column.tolist() for name, column in COLUMNS.items()},
    "structured array": np.rec.fromarrays(
        list(COLUMNS.values()), dtype=[(name, column.dtype) for name, column in COLUMNS.items()]
    ),
    "tuples": ROWS,
    "iterator of lists": map(list, ROWS),
    "named tuples": [Named(*row) for row in ROWS],
    "dicts": [dict(zip(COLUMNS, row, strict=True)) for row in ROWS],
    "arrow table": pa.table(COLUMNS),
    "arrow batch": pa.record_batch(COLUMNS),
    "arrow table in chunks": pa.concat_tables([pa.table(COLUMNS)[:1], pa.table(COLUMNS)[1:]]),
    "pandas": pd.DataFrame(COLUMNS),
    "polars": pl.DataFrame(COLUMNS),
}


@pytest.mark.parametrize("checksum", ["none", "crc16", "crc32", "xxh3_64"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_gives_the_same_frames(kind: str, checksum: str) -> None:
    table = map(list, ROWS) if kind == "iterator of lists" else KINDS[kind]
    payloads = [TELEMETRY.encode(**dict(zip(COLUMNS, row, strict=True))) for row in ROWS]
    assert frame_records(TELEMETRY, table, checksum) == frame_many(payloads, checksum)


@pytest.mark.parametrize("table", [[], {}, {"device_id": []}, np.zeros(0, [("device_id", "u8")]), pd.DataFrame()])
def test_a_table_without_rows_gives_no_frames(table: Any) -> None:
    assert frame_records(TELEMETRY, table, "crc32") == b""
    assert list(TELEMETRY.encode_many(table)) == []


@pytest.mark.parametrize("column", [[None, 5], np.ma.MaskedArray([1, 5], [True, False]), None])
def test_forced_defaults_are_written_where_a_column_has_none(column: Any) -> None:
    forced = TELEMETRY.replace(force_defaults=True)
    table = {"timestamp": [3, 4]} if column is None else {"timestamp": [3, 4], "device_id": column}
    second = {} if column is None else {"device_id": 5}
    expected = [forced.encode(timestamp=3), forced.encode(timestamp=4, **second)]
    assert [bytes(payload) for payload in forced.encode_many(table)] == expected


def test_nulls_of_all_kinds_are_absent() -> None:
    record = Record("R", number="u32", text="string", list="[i16]", on=field("bool", default=None), kind=COLOR)
    rows = [
        {"number": 5, "text": "a", "list": [1, 2], "on": True, "kind": 1},
        {},
        {"number": 7, "text": "", "list": [], "on": False, "kind": 2},
    ]
    expected = [record.encode(**row) for row in rows]
    columns = {name: [row.get(name) for row in rows] for name in ("number", "text", "list", "on", "kind")}
    arrow = pa.table(columns)
    assert [bytes(each) for each in record.encode_many(arrow)] == expected
    assert [bytes(each) for each in record.encode_many(pl.DataFrame(columns))] == expected
    frame = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in columns.items()})
    assert [bytes(each) for each in record.encode_many(frame)] == expected
    assert [bytes(each) for each in record.encode_many(frame.astype({"number": "UInt32", "text": "str"}))] == expected
    masked = {"number": np.ma.MaskedArray([5, 0, 7], [False, True, False])}
    assert [bytes(each) for each in record.encode_many(masked)] == [
        record.encode(number=5),
        record.encode(),
        record.encode(number=7),
    ]


def test_arrow_arrays_may_be_slices_dictionaries_and_of_any_size() -> None:
    record = Record(
        "R", text="string", list="[i16]", color=COLOR, blob="[u8]", fixed="[f32]", points=[POINT], point=POINT
    )
    points = [{"x": 1.0, "tags": [1, 2], "color": 1, "on": True}, {"x": 2.0, "tags": [3, 4], "color": 2, "on": False}]
    point = pa.struct(
        [("x", pa.float32()), ("tags", pa.list_(pa.int8(), 2)), ("color", pa.uint8()), ("on", pa.bool_())]
    )
    table = pa.table(
        {
            "text": pa.array(["zero", "one", None, "drei"]).dictionary_encode(),
            "list": pa.array([[9], [1], None, [2, 3]], pa.large_list(pa.int16())),
            "color": pa.array(["Red", "Red", None, "Green"]),
            "blob": pa.array([b"0", b"11", None, b"3"], pa.binary()),
            "fixed": pa.array([[0, 0], [1, 1], [2, 2], [3, 3]], pa.list_(pa.float32(), 2)),
            "points": pa.array([points, points[:1], None, []], pa.list_(point)),
            "point": pa.array([points[0], points[1], None, points[0]], point),
        }
    )[1:]
    expected = [
        record.encode(text="one", list=[1], color="Red", blob=b"11", fixed=[1, 1], points=points[:1], point=points[1]),
        record.encode(fixed=[2, 2]),
        record.encode(text="drei", list=[2, 3], color="Green", blob=b"3", fixed=[3, 3], points=[], point=points[0]),
    ]
    assert [bytes(each) for each in record.encode_many(table)] == expected
    views = pa.table({"text": pa.array(["one"], pa.string_view())})
    assert next(iter(record.encode_many(views))) == record.encode(text="one")
    nothing = {"color": pa.nulls(2, pa.string()), "text": pa.nulls(2, pa.string())}
    assert [bytes(each) for each in record.encode_many(nothing)] == [record.encode()] * 2


TABLE_OF_LISTS = {
    "fixed": pa.array([[9, 9], [1, 2], None, [3, 4]], pa.list_(pa.int16(), 2)),
    "view": pa.array([[9], [1, 2], None, [3, 4]], pa.list_view(pa.int16())),
    "large view": pa.array([[9], [1, 2], None, [3, 4]], pa.large_list_view(pa.int16())),
    "null under null": pa.ListArray.from_arrays(
        [0, 1, 3, 4, 6], pa.array([None, 1, 2, None, 3, 4], pa.int16()), mask=pa.array([False, False, True, False])
    ),
}


@pytest.mark.parametrize("kind", TABLE_OF_LISTS)
def test_arrow_lists_of_any_kind_are_taken_whatever_lies_under_a_null(kind: str) -> None:
    record = Record("R", numbers="[i16]")
    expected = [record.encode(numbers=[1, 2]), record.encode(), record.encode(numbers=[3, 4])]
    assert [bytes(each) for each in record.encode_many(pa.table({"numbers": TABLE_OF_LISTS[kind]})[1:])] == expected


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(2)])
def test_arrow_bytes_of_any_kind_are_taken(kind: Any) -> None:
    record = Record("R", raw="[u8]")
    table = pa.table({"raw": pa.array([b"00", b"11", None], kind)})[1:]
    assert [bytes(each) for each in record.encode_many(table)] == [record.encode(raw=b"11"), record.encode()]


def test_columns_that_have_nothing_or_runs() -> None:
    table = pa.table({name: pa.nulls(2) for name in ("a", "d", "f", "g", "h")})
    assert [bytes(each) for each in FLAT.encode_many(table)] == [FLAT.encode()] * 2
    assert [bytes(each) for each in FLAT.encode_many(pl.DataFrame({"a": [None], "f": [None]}))] == [FLAT.encode()]
    runs = pa.RunEndEncodedArray.from_arrays([2, 3], [5, 6])
    assert [FLAT.decode(each)["a"] for each in FLAT.encode_many(pa.table({"a": runs}))] == [5, 5, 6]


def test_a_struct_is_masked_as_a_whole() -> None:
    record = Record("R", p=struct("P", x="f32", tags="[i8:2]"))
    rows = [{"p": (1.0, [2, 3])}, {}, {"p": (4.0, [5, 6])}]
    columns: dict[str, Any] = record.columns(record.encode_many(rows))
    assert [bytes(each) for each in record.encode_many(columns)] == [record.encode(**row) for row in rows]
    cast("Any", columns["p"]).mask["x"][0] = True
    with pytest.raises(TypeError, match=r"R\.p: a mask for single elements of a vector or a struct has no meaning"):
        record.encode_many(columns)
    assert list(FLAT.encode_many({"a": np.ma.zeros(0, "u1")})) == []


def test_rows_of_a_masked_array_of_vectors_are_masked_as_a_whole() -> None:
    record = Record("R", numbers="[i16]")
    masked = np.ma.MaskedArray([[1, 2], [3, 4]], [[True, True], [False, False]])
    assert [bytes(each) for each in record.encode_many({"numbers": masked})] == [
        record.encode(),
        record.encode(numbers=[3, 4]),
    ]


def test_bytes_are_a_column_of_numbers_and_arrays_are_lists_of_strings() -> None:
    assert [FLAT.decode(each)["a"] for each in FLAT.encode_many({"a": b"ab"})] == [97, 98]
    record = Record("R", tags=["string"])
    frame = pa.table({"tags": [["a", "b"], None]}).to_pandas()
    assert [bytes(each) for each in record.encode_many(frame)] == [record.encode(tags=["a", "b"]), record.encode()]


@pytest.mark.parametrize(
    "table",
    [
        [{}, {}],
        pd.DataFrame(index=range(2)),
        np.zeros(2, []),
        pa.table({"a": [1, 2]}).select([]),
        pa.record_batch({"a": [1, 2]}).select([]),
    ],
    ids=["mappings", "pandas", "NumPy", "Table", "RecordBatch"],
)
def test_rows_without_values_are_messages_without_fields(table: Any) -> None:
    for record in (FLAT, Record("Empty")):
        assert [bytes(each) for each in record.encode_many(table)] == [record.encode()] * 2
        assert record.frame_many(table, "crc16") == frame_many([record.encode()] * 2, "crc16")
    with pytest.raises(ValueError, match=r"R\.a: row 0: it is required"):
        Record("R", a=field("string", required=True)).frame_many(table)


def test_rows_of_a_record_without_fields_are_empty() -> None:
    record = Record("Empty")
    assert [bytes(each) for each in record.encode_many([(), ()])] == [record.encode()] * 2


class iter_only:  # noqa: N801  (reads as a function)
    """A column with a length that can only be gone through."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Any:
        return iter(self.values)


def test_numpy_arrays_give_vectors_and_structs() -> None:
    record = Record("R", point=struct("P", x="f32", y="f32"), numbers="[i16]", points=[struct("P", x="f32", y="f32")])
    pairs = np.array([[1, 2], [3, 4]])
    expected = [record.encode(point=(1, 2), numbers=[1, 2]), record.encode(point=(3, 4), numbers=[3, 4])]
    assert [bytes(each) for each in record.encode_many({"point": pairs, "numbers": pairs})] == expected
    named = np.array([(2.0, 1.0), (4.0, 3.0)], [("y", "f8"), ("x", "f8")])
    assert [bytes(each) for each in record.encode_many({"point": named, "numbers": pairs})] == expected
    arrays = np.array([(1.0, (1, 2), 1, True)], [("x", "f4"), ("tags", "i8", (2,)), ("color", "i4"), ("on", "?")])
    tagged = Record("R", point=POINT)
    assert [bytes(each) for each in tagged.encode_many({"point": arrays})] == [
        tagged.encode(point=(1, (1, 2), 1, True))
    ]
    assert [bytes(each) for each in record.encode_many({"numbers": iter_only([[1], [2]])})] == [
        record.encode(numbers=[1]),
        record.encode(numbers=[2]),
    ]
    grid = np.array([[(1.0, 2.0)] * 3] * 2, [("x", "f4"), ("y", "f4")])
    assert [bytes(each) for each in record.encode_many({"points": grid})] == [record.encode(points=[(1, 2)] * 3)] * 2


def test_the_payloads_of_a_batch_hold_no_writable_bytes() -> None:
    (payload,) = TELEMETRY.encode_many([(1, 2, 3.0)])
    assert isinstance(payload, memoryview)
    assert payload.readonly


@pytest.mark.parametrize(
    ("table", "kind", "words"),
    [
        ({"device": [1]}, TypeError, "telemetry.Telemetry has no field 'device'"),
        ({"device_id": [1], "value": [1.0, 2.0]}, ValueError, "the columns differ in length: device_id 1, value 2"),
        ({"device_id": [1, -1]}, ValueError, "Telemetry.device_id: row 1: -1 is out of the range of u64"),
        ({"device_id": [1, 2.5]}, TypeError, "Telemetry.device_id: row 1: 2.5 is no u64"),
        ({"device_id": ["x"]}, TypeError, "Telemetry.device_id: row 0: 'x' is no u64"),
        ({"device_id": np.array([1, -1])}, ValueError, "Telemetry.device_id: row 1: .*-1.* is out of the range of u64"),
        ({"device_id": np.array([1.0])}, TypeError, "Telemetry.device_id: float64 is no u64"),
        ({"device_id": np.array([[1]])}, TypeError, "single values are needed, not an array of 2 dimensions"),
        ({"device_id": np.array(["2020"], "M8[s]")}, TypeError, "Telemetry.device_id: datetime64.s. is no u64"),
        ({"device_id": pa.array(["a"])}, TypeError, "Telemetry.device_id: string is no u64"),
        ({"value": np.array([b"x"])}, TypeError, "Telemetry.value: row 0: b'x' is no f64"),
        ([(1, 2)], ValueError, "row 0 is no sequence of 3 values: device_id, timestamp, value"),
        ([(1, 2, 3.0), "abc"], ValueError, "row 1 is no sequence of 3 values"),
        ([(1, 2, 3.0), 5], ValueError, "row 1 is no sequence of 3 values"),
        (np.zeros(3), TypeError, "an array of rows must have one dimension and named fields, not float64"),
        (5, TypeError, "a table or rows are needed, not int"),
        ("rows", TypeError, "a table or rows are needed, not str"),
    ],
)
def test_what_does_not_fit_names_field_and_row(table: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        frame_records(TELEMETRY, table)


@pytest.mark.parametrize(
    ("table", "kind", "words"),
    [
        ({"b": np.array([0.5, 1e300])}, ValueError, r"Flat.b: row 1: .*1e\+300.* is out of the range of f32"),
        ({"e": np.array([0, 2])}, ValueError, "Flat.e: row 1: .*2.* is out of the range of bool"),
        ({"e": [True, "no"]}, TypeError, "Flat.e: row 1: 'no' is no bool"),
        ({"a": np.array([256])}, ValueError, "Flat.a: row 0: .*256.* is out of the range of u8"),
        ({"d": np.zeros(2)}, TypeError, "Flat.d: Point comes as an array with named fields, or with 4 columns"),
        ({"d": np.zeros(2, [("x", "f4"), ("y", "f4")])}, TypeError, "Flat.d: Point has other fields than x, y"),
        ({"d": pa.array([1])}, TypeError, "Flat.d: structs of x, tags, color, on are needed, not int64"),
        ({"f": np.array([1])}, TypeError, "Flat.f: strings are needed, not int64"),
        ({"f": ["a", 1]}, TypeError, "Flat.f: row 1: a str is needed, not int"),
        ({"f": pa.array([1])}, TypeError, "Flat.f: strings are needed, not int64"),
        ({"g": np.array([1.0])}, TypeError, "Flat.g: vectors come as an array of two dimensions, not of 1"),
        ({"g": np.ma.MaskedArray([[1.0, 2.0]], [[True, False]])}, TypeError, "a mask for single elements of a vector"),
        ({"c": np.array(["2020"], "M8[s]")}, TypeError, r"datetime64\[s\] is no i64: cast it to integers of the unit"),
        (
            {"c": pa.array([0], pa.timestamp("us", "UTC"))},
            TypeError,
            r"c: timestamp\[us, tz=UTC\] is no i64: cast it to integers of the unit",
        ),
        ({"a": 5}, TypeError, "a: a column of values is needed, not int"),
        ({"a": (number for number in range(3))}, TypeError, "a: a column of values is needed, not generator"),
        ({"a": {1, 2}}, TypeError, "a: a column of values is needed, not set"),
        ({"f": "abc"}, TypeError, "f: a column of values is needed, not str"),
        ([{"a": 1}, (1,)], TypeError, "row 1 is no mapping, as the first is"),
        (pd.Series([1, 2]), ValueError, "row 0 is no sequence of"),
        ({"g": [[1.0], ["x"]]}, TypeError, "Flat.g: row 1: 'x' is no f64"),
        ({"g": [[1.0], 5]}, TypeError, "Flat.g: row 1: a sequence of f64 is needed, not int"),
        ({"g": pa.array([1.0])}, TypeError, "Flat.g: lists are needed, not double"),
        ({"g": pa.array([[1.0, None]])}, ValueError, "Flat.g: an element of a vector cannot be null"),
        ({"i": pa.array(["Pink"])}, ValueError, "Flat.i: Color has no member 'Pink'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_flat_record_names_field_and_row(table: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        frame_records(FLAT, table)


def test_fields_of_arrow_structs_must_fit_too() -> None:
    record = Record("R", pair=struct("Pair", a="u8", b="[u8:2]"))
    kind = pa.struct([("a", pa.uint8()), ("b", pa.list_(pa.uint8(), 2))])
    with pytest.raises(ValueError, match=r"R.pair: Pair.a: a field of a struct cannot be null"):
        frame_records(record, {"pair": pa.array([{"a": None, "b": [1, 2]}], kind)})
    with pytest.raises(ValueError, match=r"R\.pair: an element of an array cannot be null"):
        frame_records(record, {"pair": pa.array([{"a": 1, "b": [1, None]}], kind)})
    other = pa.struct([("a", pa.uint8()), ("b", pa.list_(pa.uint8(), 3))])
    with pytest.raises(TypeError, match=r"R\.pair: lists of 2 are needed, not fixed_size_list"):
        frame_records(record, {"pair": pa.array([{"a": 1, "b": [1, 2, 3]}], other)})


@pytest.mark.parametrize("names", [["a", None], [None, None]])
@pytest.mark.parametrize("arrow", [False, True])
def test_a_required_field_must_be_in_each_row(names: list[str | None], arrow: bool) -> None:
    flat = Record("R", name=field("string", required=True))
    with pytest.raises(ValueError, match=f"R.name: row {names.index(None)}: it is required"):
        frame_records(flat, {"name": pa.array(names, pa.string()) if arrow else names})
    assert len(frame_records(flat, {"name": ["a"]})) > 0


@pytest.mark.parametrize(
    "table",
    [
        pa.table([pa.array([1]), pa.array([2])], ["a", "a"]),
        pa.record_batch([pa.array([1]), pa.array([2])], ["a", "a"]),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
    ],
)
def test_no_column_of_several_with_one_name_is_lost(table: Any) -> None:
    with pytest.raises(TypeError, match="there are several columns a"):
        FLAT.frame_many(table)


def test_a_required_field_must_have_a_column() -> None:
    record = Record("R", name=field("string", required=True), others=field(["string"], required=True), a="u8")
    with pytest.raises(ValueError, match=r"R\.name: row 0: it is required"):
        frame_records(record, {"a": [1], "others": [["x"]]})
    with pytest.raises(ValueError, match=r"R\.others: row 1: it is required"):
        frame_records(record, {"a": [1, 2], "name": ["x", "y"], "others": [["x"], None]})
    assert len(frame_records(record, {"a": [1], "name": ["x"], "others": [["x"]]})) > 0


def test_tables_inside_of_arrow_tables_are_encoded_row_by_row() -> None:
    rows: list[dict[str, Any]] = [
        {"name": "a", "tags": ["x", "y"], "weapons": [{"name": "axe", "damage": 3}]},
        {"name": "b", "hp": 5},
    ]
    columns = {name: [row.get(name) for row in rows] for name in ("name", "tags", "weapons", "hp")}
    assert frame_records(MONSTER, pa.table(columns)) == frame_records(MONSTER, rows)


def test_what_does_not_fit_row_by_row_names_the_row() -> None:
    with pytest.raises(TypeError, match=r"row 1: zoo.Monster.weapons: \[0\]: a mapping of zoo.Weapon's fields"):
        frame_records(MONSTER, [{"name": "a"}, {"name": "b", "weapons": [5]}])
    with pytest.raises(ValueError, match=r"row 0: zoo.Monster.weapons: \[0\]: zoo.Weapon.name is required"):
        frame_records(MONSTER, [{"name": "b", "weapons": [{}]}])


def test_a_payload_of_a_batch_ends_at_two_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flatstream.records.batch_encode.MAX_PAYLOAD", 40)
    monkeypatch.setattr("flatstream.records.encode.MAX_PAYLOAD", 40)  # which the engine is told
    record = Record("R", text="string")
    table = {"text": ["x" * 15, "x" * 16]}
    with pytest.raises(ValueError, match="row 1: more than a FlatBuffer can have"):
        frame_records(record, table)
    for sink in (bytearray(), io.BytesIO()):
        with pytest.raises(ValueError, match="row 1: more than a FlatBuffer can have"):
            StreamWriter(sink).write_records(record, table)
        assert bytes(sink if isinstance(sink, bytearray) else sink.getvalue()) == b""


def test_writing_records_writes_each_as_a_frame_by_the_writers_own_rules() -> None:
    sink, seen = bytearray(), []
    writer = StreamWriter(sink, ChecksumFramer("crc32").bounded(42).observed(lambda payload: seen.append(len(payload))))
    assert writer.write_records(TELEMETRY, COLUMNS) == 3
    assert sink == frame_records(TELEMETRY, ROWS, "crc32")
    assert seen == [42, 22, 42]
    assert writer.write_records(TELEMETRY, []) == 0
    tight = StreamWriter(bytearray(), ChecksumFramer("none").bounded(30))
    with pytest.raises(InvalidFrame):
        tight.write_records(TELEMETRY, COLUMNS)


@pytest.mark.parametrize("table", [COLUMNS, ROWS], ids=["columns", "rows"])
def test_records_go_into_any_sink(table: Any) -> None:
    expected = frame_records(TELEMETRY, table, "crc32")
    for sink in (bytearray(b"before"), io.BytesIO(b"before")):
        if isinstance(sink, io.BytesIO):
            sink.seek(6)
        writer = StreamWriter(sink, ChecksumFramer("crc32"), offset=6)
        assert writer.write_records(TELEMETRY, table) == 3
        assert writer.offset == 6 + len(expected)
        assert bytes(sink if isinstance(sink, bytearray) else sink.getvalue()) == b"before" + expected


def test_many_records_go_into_a_sink_in_parts() -> None:
    sink = io.BytesIO()
    rows = {"device_id": np.arange(20_000, dtype=np.uint64)}
    assert StreamWriter(sink).write_records(TELEMETRY, rows) == 20_000
    assert sink.getvalue() == frame_records(TELEMETRY, rows)


def test_a_sink_that_cannot_be_resized_fails_the_writer() -> None:
    sink = bytearray()
    writer = StreamWriter(sink)
    with memoryview(sink), pytest.raises(StreamIOError, match="BufferError"):
        writer.write_records(TELEMETRY, COLUMNS)
    with pytest.raises(StreamIOError, match="BufferError"):
        writer.write_records(TELEMETRY, COLUMNS)
    assert (sink, writer.offset) == (b"", 0)


def test_columns_of_an_array_are_taken_from_where_they_lie() -> None:
    event = [("device_id", "<u8"), ("timestamp", "<u8"), ("value", "<f8")]
    array = np.array([(1, 2, 3.0), (4, 5, 6.0), (7, 8, 9.0)], event)
    rows = [tuple(row) for row in array.tolist()]
    whole = frame_records(TELEMETRY, rows)
    assert frame_records(TELEMETRY, array) == whole
    assert frame_records(TELEMETRY, array[::-1]) == frame_records(TELEMETRY, rows[::-1])
    assert frame_records(TELEMETRY, array[::2]) == frame_records(TELEMETRY, rows[::2])
    assert frame_records(TELEMETRY, {name: array[name][1:] for name in array.dtype.names or ()}) == frame_records(
        TELEMETRY, rows[1:]
    )
    grid = np.arange(1, 7, dtype=np.uint64).reshape(3, 2)
    assert frame_records(TELEMETRY, {"device_id": grid[:, 1]}) == frame_records(TELEMETRY, {"device_id": [2, 4, 6]})


def test_nothing_is_written_of_a_table_that_does_not_fit() -> None:
    sink = bytearray()
    for record, rows in ((TELEMETRY, [(1, 2, 3.0), (-1, 2, 3.0)]), (MONSTER, [{"name": "a"}, {"name": 5}])):
        with pytest.raises((TypeError, ValueError)):
            StreamWriter(sink).write_records(record, rows)
    assert sink == b""


def test_frames_of_records_are_a_stream() -> None:
    data = frame_records(TELEMETRY, COLUMNS)
    assert [TELEMETRY.decode(payload)["device_id"] for payload in StreamReader(data)] == [1, 2**64 - 1, 3]
    assert len(scan(data)) == 3
