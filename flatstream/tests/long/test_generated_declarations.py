"""Made-up declarations with made-up messages: all ways of writing and reading agree, and what was read goes back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from flatstream import Record, scan
from flatstream.batch import frame_many
from flatstream.records import enum, field, frame_records, struct, union
from flatstream.records.types import SCALARS, UnionType
from flatstream.tests.test_records_columns import as_decoded, bools, plain
from flatstream.tests.zoo import exact, messages

LEAF = Record("Leaf", id="u32", name="string")


@st.composite
def declarations(draw: st.DrawFn) -> Record:
    """A record with some fields of any type."""
    scalar = st.sampled_from(list(SCALARS))
    structs: list[Any] = []
    for number in range(2):
        kinds = st.one_of(scalar, st.sampled_from(["[u8:3]", "[f32:2]", "[bool:2]", *structs]))
        parts = draw(st.lists(kinds, min_size=1, max_size=4))
        structs.append(struct(f"S{number}", **{f"x{index}": kind for index, kind in enumerate(parts)}))
    color = enum("Color", draw(st.sampled_from(["i8", "u64", "i64", "u16"])), A=1, B=2)
    one_of_several = union("Any", LEAF, structs[0], Text="string")
    required = st.booleans()
    kinds = st.one_of(
        scalar,
        st.builds(lambda kind: field(kind, default=None), scalar),
        st.builds(
            lambda kind, value: field(kind, default=value),
            st.sampled_from(["i32", "u8", "f32", "i64"]),
            st.integers(1, 100),
        ),
        st.builds(lambda value: field(color, default=value), st.sampled_from(["A", 0, None])),
        st.builds(lambda must: field("string", required=must), required),
        st.builds(lambda kind, must: field(kind, required=must), st.sampled_from(structs), required),
        st.builds(
            lambda kind, must: field([kind], required=must),
            st.one_of(scalar, st.sampled_from([*structs, color])),
            required,
        ),
        st.builds(lambda must: field(["string"], required=must), required),
        st.sampled_from([LEAF, [LEAF], one_of_several]),
    )
    fields = draw(st.lists(kinds, min_size=1, max_size=9))
    record = Record("Made", **{f"f{index}": kind for index, kind in enumerate(fields)})
    return record.replace(file_identifier=draw(st.sampled_from(["", "MADE"])), force_defaults=draw(st.booleans()))


def rows_of(columns: dict[str, Any], count: int) -> list[dict[str, Any]]:
    return [{name: _cell(column, row) for name, column in columns.items()} for row in range(count)]


def _cell(column: Any, row: int) -> Any:
    if np.ma.isMaskedArray(column):
        mask = np.ascontiguousarray(np.ma.getmaskarray(column)[row : row + 1]).view(np.bool_)
        if mask.all():
            return None
    return plain(np.ma.getdata(column)[row])


@settings(max_examples=1000)
@given(declarations(), st.data())
def test_all_ways_of_writing_and_reading_agree(record: Record, data: st.DataObject) -> None:
    rows = data.draw(st.lists(messages(record, 2), max_size=5))
    payloads = [record.encode(**row) for row in rows]
    assert [bytes(payload) for payload in record.encode_many(rows)] == payloads
    framed = frame_records(record, rows, "crc16")
    assert framed == frame_many(payloads, "crc16")
    frames = scan(framed, "crc16")
    assert record.verify_many(frames) == len(rows)
    decoded = [as_decoded(record, payload) for payload in frames]
    columns = record.columns(frames)
    assert exact(bools(rows_of(columns, len(rows)))) == exact(bools(decoded))
    batch = record.to_arrow(frames)
    batch.validate(full=True)
    tables = [columns]
    if not any(isinstance(each.type, UnionType) for each in record.table.fields):
        assert exact(batch.to_pylist()) == exact(decoded)
        tables += [batch, pa.concat_tables([pa.table(batch).slice(0, 1), pa.table(batch).slice(1)])]
    for table in tables:
        again = [as_decoded(record, payload) for payload in record.encode_many(table)]
        assert exact(again) == exact(decoded)
    for payload, message in zip(frames, decoded, strict=True):
        view = record.view(payload)
        for name, value in message.items():
            if value is None or isinstance(value, (bool, int, float, str)):
                assert exact(view[name]) == exact(value)
