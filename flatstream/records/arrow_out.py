"""From the frames of a stream to a PyArrow RecordBatch.

Numbers, structs, strings and vectors of these go from buffer to buffer; tables and unions by way of Python values. A
table is a struct with null for what is absent and has no default, a union a struct with a field for each member, of
which at most one is not null, beside the tag's own column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa

from flatstream.errors import SchemaError
from flatstream.records.column import Fixed, Spans, Texts
from flatstream.records.gather import compact
from flatstream.records.types import (
    Array,
    EnumType,
    Scalar,
    StringType,
    StructType,
    TableType,
    UnionType,
    VectorType,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flatstream.records.arrays import Ints, Mask
    from flatstream.records.column import ReadColumn
    from flatstream.records.types import Field

__all__ = ["as_batch"]

_MOST = 2**31 - 1
"""Bytes of text, or elements of vectors, in one column: Arrow's usual types count with 32 bits."""


def as_batch(record: str, fields: Sequence[Field], columns: dict[str, ReadColumn]) -> Any:
    """The columns as a RecordBatch. ``SchemaError`` for a table that can nest in itself: Arrow has no type for that."""
    types = [_arrow_type(record, field.name, field.type, ()) for field in fields]
    arrays = [_array(field, kind, columns[field.name], columns) for field, kind in zip(fields, types, strict=True)]
    nullable = [field.default is None and not field.required for field in fields]
    names = [field.name for field in fields]
    schema = pa.schema([pa.field(*each) for each in zip(names, types, nullable, strict=True)])
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _arrow_type(record: str, name: str, kind: Any, above: tuple[TableType, ...]) -> Any:
    if isinstance(kind, (Scalar, EnumType)):
        return pa.bool_() if kind.scalar.kind == "b" else pa.from_numpy_dtype(np.dtype(kind.dtype))
    if isinstance(kind, StringType):
        return pa.string()
    if isinstance(kind, VectorType):
        return pa.list_(_arrow_type(record, name, kind.element, above))
    if isinstance(kind, Array):
        return pa.list_(_arrow_type(record, name, kind.element, above), kind.length)
    if isinstance(kind, UnionType):
        return pa.struct([(each.name, _arrow_type(record, name, each.type, above)) for each in kind.members])
    if isinstance(kind, TableType):
        if kind in above:
            raise SchemaError(f"Arrow has no type for a {kind.name} in itself: leave this column out", record, name)
        above = (*above, kind)
    return pa.struct([(each.name, _arrow_type(record, name, each.type, above)) for each in kind.fields])


def _array(field: Field, kind: Any, column: ReadColumn, columns: dict[str, ReadColumn]) -> Any:
    if isinstance(column, Fixed):
        return _fixed(field.type, column.values, column.present)
    if isinstance(column, Spans):
        return _spans(field, kind, column)
    if isinstance(column, Texts):
        strings = _spans(field, kind.value_type, column.strings)
        buffers = [_valid(column.present), _ends(field, column.counts)]
        return pa.Array.from_buffers(kind, len(column.counts), buffers, children=[strings])
    values = column.values
    if isinstance(field.type, UnionType):
        tags = columns.get(f"{field.name}_type")
        if tags is None:
            raise LookupError(f"a union is told apart by its tag: {field.name} needs the column {field.name}_type too")
        values = [
            _member(field.type, tag, value)
            for tag, value in zip(cast("Fixed", tags).values.tolist(), values, strict=True)
        ]
    return pa.array([_plain(field.type, value) for value in values], kind)


def _fixed(kind: Any, values: np.ndarray[Any, np.dtype[Any]], present: Mask | None) -> Any:
    if isinstance(kind, StructType):
        parts = [_fixed(each.type, values[each.name], None) for each in kind.fields]
        names = [each.name for each in kind.fields]
        return pa.StructArray.from_arrays(parts, names, mask=None if present is None else _bools(~present, None))
    if isinstance(kind, Array):
        return pa.FixedSizeListArray.from_arrays(_fixed(kind.element, values.reshape(-1), None), kind.length)
    if kind.scalar.kind == "b":
        return _bools(values != 0, present)
    # pa.array() would do it, but imports pandas to find out whether that is what it was given: half a second.
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [_valid(present), buffer])


def _bools(values: Mask, present: Mask | None) -> Any:
    buffer = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [_valid(present), buffer])


def _valid(present: Mask | None) -> Any:
    """Arrow's bits for what is not null; ``None`` if nothing is."""
    return None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))


def _spans(field: Field, kind: Any, column: Spans) -> Any:
    buffers = [_valid(column.present), _ends(field, column.counts)]
    data = compact(column)
    count = len(column.counts)
    if column.closed:
        return pa.Array.from_buffers(kind, count, [*buffers, pa.py_buffer(data)])
    child = _fixed(cast("VectorType", field.type).element, data.view(column.element), None)
    return pa.Array.from_buffers(kind, count, buffers, children=[child])


def _ends(field: Field, counts: Ints) -> Any:
    """Arrow's offsets of spans of so many elements."""
    if counts.sum() > _MOST:
        raise ValueError(f"{field.name}: more than {_MOST} elements in one batch: convert fewer frames at a time")
    ends = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=ends[1:])
    return pa.py_buffer(ends)


def _member(kind: UnionType, tag: int, value: Any) -> Any:
    member = kind.by_tag(tag)
    return None if value is None or member is None else {member.name: _plain(member.type, value)}


def _plain(kind: Any, value: Any) -> Any:
    """A decoded value in the form in which PyArrow takes it: unions as their one member, bytes as numbers."""
    if value is None or isinstance(kind, UnionType):
        return value
    if isinstance(kind, VectorType):
        return [_plain(kind.element, item) for item in value]
    if isinstance(kind, TableType):
        plain = {}
        for each in kind.fields:
            item = value[each.name]
            if isinstance(each.type, UnionType):
                item = _member(each.type, value[f"{each.name}_type"], item)
            plain[each.name] = _plain(each.type, item)
        return plain
    return value
