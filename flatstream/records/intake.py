"""Tables of any kind, taken apart into columns that fit the fields of a record.

A table is a NumPy structured array, a mapping of names to columns, a PyArrow RecordBatch or Table, a pandas or Polars
frame, or rows: tuples in the order of the fields, or mappings. Values are checked as `Record.encode` checks them: an
integer that is out of range or a float where an integer belongs is refused, never bent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain
from struct import error as struct_error
from struct import pack
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from flatstream.records.arrays import dtype_of
from flatstream.records.column import Fixed, Objects, Spans
from flatstream.records.layout import buffer_align
from flatstream.records.types import EnumType, Scalar, StringType, StructType, TableType, UnionType, VectorType
from flatstream.records.values import inline_packer, vector_packer

if TYPE_CHECKING:
    from flatstream.records.arrays import Bytes, Ints, Mask
    from flatstream.records.column import Column
    from flatstream.records.types import Field

__all__ = ["Taken", "take"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A table as so many rows, and a column for each field that it has."""

    rows: int
    columns: dict[str, Column]


def take(record: str, fields: tuple[Field, ...], table: Any) -> Taken:
    """Take a table apart. ``TypeError`` or ``ValueError`` names the field, and the row if it is about one."""
    rows, sources = _sources(record, fields, table)
    by_name = {field.name: field for field in fields}
    unknown = [name for name in sources if name not in by_name]
    if unknown:
        raise TypeError(f"{record} has no field {unknown[0]!r}")
    for name, source in sources.items():
        # A text is no column of its letters, and a set has no order.
        if not hasattr(source, "__len__") or isinstance(source, (str, Mapping, AbstractSet)):
            raise TypeError(f"{record}.{name}: a column of values is needed, not {type(source).__name__}")
    sizes = {name: len(source) for name, source in sources.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"the columns differ in length: {', '.join(f'{name} {size}' for name, size in sizes.items())}")
    columns: dict[str, Column] = {}
    for name, source in sources.items():
        try:
            columns[name] = _aligned(by_name[name], _column(by_name[name].type, source))
        except (TypeError, ValueError) as cause:
            kind = TypeError if isinstance(cause, TypeError) else ValueError
            raise kind(f"{record}.{name}: {cause}") from cause
    for field in fields:
        if field.required and rows:
            column = columns.get(field.name)
            lacking = 0 if column is None else _first_absent(column)
            if lacking is not None:
                raise ValueError(f"{record}.{field.name}: row {lacking}: it is required")
    return Taken(rows, columns)


def _first_absent(column: Column) -> int | None:
    if isinstance(column, Objects):
        return next((row for row, value in enumerate(column.values) if value is None), None)
    return None if column.present is None or column.present.all() else int(np.argmin(column.present))


def _sources(record: str, fields: tuple[Field, ...], table: Any) -> tuple[int, Mapping[str, Any]]:
    """How many rows a table has, though it may have no columns; and these by name, none of them looked into yet."""
    if isinstance(table, np.ndarray):
        if table.dtype.names is None or table.ndim != 1:
            raise TypeError(f"an array of rows must have one dimension and named fields, not {table.dtype}")
        return len(table), {name: table[name] for name in table.dtype.names}
    if isinstance(table, Mapping):
        first = next(iter(table.values()), ())
        return len(first) if hasattr(first, "__len__") else 0, table
    if hasattr(table, "to_arrow"):  # Polars
        table = table.to_arrow()
    if hasattr(table, "column_names") and hasattr(table, "schema"):  # PyArrow's Table
        return table.num_rows, _by_name(table.column_names, table.columns)
    if hasattr(table, "iloc") and hasattr(table, "columns"):  # pandas
        return len(table), _by_name(
            map(str, table.columns), [table.iloc[:, index] for index in range(len(table.columns))]
        )
    if isinstance(table, (str, bytes)) or not isinstance(table, Iterable):
        raise TypeError(f"a table or rows are needed, not {type(table).__name__}")
    rows = list(table)
    return len(rows), _transposed(record, [field.name for field in fields], rows)


def _by_name(names: Iterable[str], columns: Iterable[Any]) -> dict[str, Any]:
    """Columns by their names, of which some kinds of tables can have one twice."""
    found: dict[str, Any] = {}
    for name, column in zip(names, columns, strict=True):
        if name in found:
            raise TypeError(f"there are several columns {name}")
        found[name] = column
    return found


def _transposed(record: str, names: list[str], rows: list[Any]) -> Mapping[str, Any]:
    if not rows:
        return {}
    if isinstance(rows[0], Mapping):
        for number, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise TypeError(f"{record}: row {number} is no mapping, as the first is")
        found = dict.fromkeys(name for row in rows for name in row)
        return {name: [row.get(name) for row in rows] for name in found}
    if set(map(type, rows)) <= {tuple, list} and set(map(len, rows)) == {len(names)}:
        return dict(zip(names, zip(*rows, strict=True), strict=True))
    for number, row in enumerate(rows):  # looks at each, at five times the cost
        if not isinstance(row, Sequence) or isinstance(row, (str, bytes)) or len(row) != len(names):
            raise ValueError(f"{record}: row {number} is no sequence of {len(names)} values: {', '.join(names)}")
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _aligned(field: Field, column: Column) -> Column:
    """The column, with bytes that are a buffer of their own where all in it is aligned."""
    return column if field.nested is None else replace(cast("Spans", column), align=buffer_align(field.nested))


def _column(kind: Any, source: Any) -> Column:
    if hasattr(source, "combine_chunks"):  # PyArrow's ChunkedArray
        source = source.combine_chunks()
    if isinstance(kind, (TableType, UnionType)) or _of_offsets(kind):
        return Objects(_listed(source))
    if str(getattr(source, "type", "")) == "null":  # PyArrow's type of a column that has nothing else
        return _from_values(kind, [None] * len(source))
    if hasattr(source, "to_pylist"):
        from flatstream.records.arrow_in import arrow_column  # noqa: PLC0415  (only who has PyArrow comes here)

        return arrow_column(kind, source)
    if hasattr(source, "iloc"):  # pandas' Series
        source = source.to_numpy() if isinstance(source.dtype, np.dtype) else _listed(source)
    if isinstance(source, np.ndarray) and source.dtype.kind not in "OUTS":
        return _from_array(kind, source)
    return _from_values(kind, _listed(source))


def _of_offsets(kind: Any) -> bool:
    return isinstance(kind, VectorType) and isinstance(kind.element, (StringType, TableType))


def _listed(source: Any) -> Sequence[Any]:
    """Python values, with ``None`` for what is absent."""
    if hasattr(source, "to_pylist"):
        return list(source.to_pylist())
    if hasattr(source, "iloc"):
        return list(source.astype(object).where(source.notna(), None))
    if hasattr(source, "tolist"):
        return list(source.tolist())
    if isinstance(source, (bytes, bytearray)):
        return list(source)
    return source if isinstance(source, Sequence) else list(source)


def _from_array(kind: Any, source: np.ndarray[Any, np.dtype[Any]]) -> Column:
    present = None
    if isinstance(source, np.ma.MaskedArray):
        present = _present(np.ma.getmaskarray(source), len(source))
        source = source.filled(0) if source.dtype.names is None else source.data
    if isinstance(kind, VectorType):
        if source.ndim != 2:
            raise TypeError(f"vectors come as an array of two dimensions, not of {source.ndim}")
        element = cast("Scalar | EnumType | StructType", kind.element)
        flat = fixed_values(element, source.reshape(-1))
        return spans_of(element, flat, np.arange(len(source) + 1) * source.shape[1], present)
    if isinstance(kind, StringType):
        raise TypeError(f"strings are needed, not {source.dtype}")
    return Fixed(fixed_values(kind, source), present)


def _present(mask: np.ndarray[Any, np.dtype[Any]], rows: int) -> Mask:
    """Which rows are not masked: as a whole, or not at all."""
    if not mask.size:
        return np.ones(rows, np.bool_)
    flat = np.ascontiguousarray(mask).view(np.bool_).reshape(rows, -1)  # in a row one for each number of a struct
    if (flat != flat[:, :1]).any():
        raise TypeError("a mask for single elements of a vector or a struct has no meaning")
    return ~flat[:, 0]


def spans_of(
    element: Scalar | EnumType | StructType,
    flat: np.ndarray[Any, np.dtype[Any]],
    ends: np.ndarray[Any, np.dtype[Any]],
    present: Mask | None,
) -> Spans:
    """Vectors whose elements lie one after the other in ``flat``: number ``k`` from ``ends[k]`` to ``ends[k + 1]``."""
    data = np.ascontiguousarray(flat).view(np.uint8).reshape(-1)
    bounds = ends.astype(np.int64)
    return _vectors(element, data, bounds, present)


def _vectors(element: Scalar | EnumType | StructType, data: Bytes, ends: Ints, present: Mask | None) -> Spans:
    align = max(4, element.align)
    return Spans(data, ends[:-1] * element.size, np.diff(ends), dtype_of(element), align, False, present)


def fixed_values(kind: Any, source: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[Any]]:
    """An array of the dtype of ``kind``, with the same values; ``TypeError`` or ``ValueError`` if they do not fit."""
    wanted = dtype_of(kind)
    if isinstance(kind, StructType):
        return _structs(kind, wanted, source)
    if not isinstance(kind, (Scalar, EnumType)):  # an array inside a struct
        flat = fixed_values(kind.element, source.reshape(-1, *source.shape[2:]))
        return flat.reshape(-1, kind.length)
    if source.ndim != 1:
        raise TypeError(f"single values are needed, not an array of {source.ndim} dimensions")
    scalar = kind.scalar
    if source.dtype.kind not in ("biuf" if scalar.kind == "f" else "biu"):
        raise TypeError(no_number(source.dtype, scalar))
    if source.dtype == wanted and scalar.kind != "b":
        return source
    if scalar.kind == "f":
        with np.errstate(over="ignore"):
            values = source.astype(wanted)
        wrong = np.isinf(values) & ~np.isinf(source)
    else:
        high = 1 if scalar.kind == "b" else np.iinfo(wanted).max
        low = 0 if scalar.kind == "b" else np.iinfo(wanted).min
        values = source.astype(wanted)
        # NumPy compares integers of all sizes and signs by their value.
        wrong = (source < low) | (source > high)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"row {row}: {source[row].item()!r} is out of the range of {scalar.name}")
    return values


def no_number(dtype: Any, scalar: Scalar) -> str:
    """The words for a column of a type that is no number, or of one that could mean several."""
    hint = ": cast it to integers of the unit that is meant" if str(dtype).startswith(_TIMES) else ""
    return f"{dtype} is no {scalar.name}{hint}"


_TIMES: Final = ("datetime", "timedelta", "timestamp", "date", "time", "duration")
"""How NumPy and PyArrow begin the names of what counts in a unit."""


def _structs(
    kind: StructType, wanted: np.dtype[Any], source: np.ndarray[Any, np.dtype[Any]]
) -> np.ndarray[Any, np.dtype[Any]]:
    if source.dtype.names is None:
        if source.ndim != 2 or source.shape[1] != len(kind.fields):
            raise TypeError(f"{kind.name} comes as an array with named fields, or with {len(kind.fields)} columns")
        parts = {field.name: source[:, index] for index, field in enumerate(kind.fields)}
    else:
        parts = {name: source[name] for name in source.dtype.names}
        if parts.keys() != {field.name for field in kind.fields}:
            raise TypeError(f"{kind.name} has other fields than {', '.join(parts)}")
    values = np.zeros(len(source), wanted)
    for field in kind.fields:
        values[field.name] = fixed_values(field.type, parts[field.name])
    return values


def _from_values(kind: Any, values: Sequence[Any]) -> Column:
    """A column of Python values, ``None`` for what is absent."""
    present = None
    # Looking for None by equality is faster, and goes wrong with arrays, of which only vectors and structs are made.
    if None in values if isinstance(kind, Scalar) else any(value is None for value in values):
        present = np.fromiter((value is not None for value in values), np.bool_, len(values))
    if isinstance(kind, (StringType, VectorType)):
        return _spans_from_values(kind, values, present)
    packer = inline_packer(kind)
    wanted = dtype_of(kind)
    if isinstance(kind, Scalar) and kind.kind != "b":
        filled = values if present is None else [0 if value is None else value for value in values]
        try:
            return Fixed(np.frombuffer(pack(f"<{len(values)}{kind.code}", *filled), wanted), present)
        except (struct_error, OverflowError):
            pass  # one of them is wrong, and below it is found
    absent = bytes(kind.size)
    parts = [absent if value is None else _at_row(packer, row, value) for row, value in enumerate(values)]
    return Fixed(np.frombuffer(b"".join(parts), wanted), present)


def _spans_from_values(kind: StringType | VectorType, values: Sequence[Any], present: Mask | None) -> Spans:
    if isinstance(kind, StringType):
        parts = [b"" if value is None else _at_row(_text, row, value) for row, value in enumerate(values)]
        ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
        data = np.frombuffer(b"".join(parts), np.uint8)
        return Spans(data, ends[:-1], np.diff(ends), data.dtype, 4, True, present)
    element = cast("Scalar | EnumType | StructType", kind.element)
    filled = values if present is None else [() if value is None else value for value in values]
    if isinstance(element, Scalar) and element.kind != "b" and set(map(type, filled)) <= {list, tuple}:
        ends = np.cumsum([0, *map(len, filled)], dtype=np.int64)
        try:
            raw = pack(f"<{ends[-1]}{element.code}", *chain.from_iterable(filled))
            return _vectors(element, np.frombuffer(raw, np.uint8), ends, present)
        except (struct_error, OverflowError):
            pass  # one of them is wrong, and below it is found
    packer = vector_packer(element)
    packed = [(0, b"") if value is None else _at_row(packer, row, value) for row, value in enumerate(values)]
    ends = np.cumsum([0, *(count for count, _ in packed)], dtype=np.int64)
    data = np.frombuffer(b"".join(part for _, part in packed), np.uint8)
    return _vectors(element, data, ends, present)


def _text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"a str is needed, not {type(value).__name__}")
    return value.encode("utf-8")


def _at_row(packer: Any, row: int, value: Any) -> Any:
    try:
        return packer(value)
    except (TypeError, ValueError) as cause:
        kind = TypeError if isinstance(cause, TypeError) else ValueError
        raise kind(f"row {row}: {cause}") from cause
