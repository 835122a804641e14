"""Arrow's IPC stream: columns, so that one batch holds all messages."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from benchmarks.contenders.contender import Codec, Columns, Contender

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.workloads import Kind, Row, Shape

__all__ = ["ArrowIpc"]

TYPES: Final[dict[Kind, Any]] = {
    "u8": pa.uint8(),
    "i8": pa.int8(),
    "u32": pa.uint32(),
    "i64": pa.int64(),
    "u64": pa.uint64(),
    "f64": pa.float64(),
    "text": pa.string(),
}

OF_BYTES: Final = pa.schema([pa.field("payload", pa.binary())])


class _Arrow(Codec):
    """One record batch in a stream."""

    @cached_property
    def _schema(self) -> Any:
        return pa.schema([pa.field(name, TYPES[kind]) for name, kind in self.shape.fields])

    def frame(self, payloads: Sequence[bytes]) -> memoryview:
        return _written(OF_BYTES, [pa.array(payloads, pa.binary())])

    def build(self, rows: Sequence[Row]) -> memoryview:
        columns = zip(*rows, strict=True)
        return _written(
            self._schema, [pa.array(column, kind) for column, kind in zip(columns, self._schema.types, strict=True)]
        )

    def build_columns(self, columns: Columns) -> memoryview:
        arrays = [
            pa.array(columns[name].astype("U16") if kind == "text" else columns[name], TYPES[kind])
            for name, kind in self.shape.fields
        ]
        return _written(self._schema, arrays)

    def payloads(self, stream: bytes) -> Iterable[bytes]:
        return (value.as_py() for value in _read(stream).column("payload"))

    def messages(self, stream: bytes) -> Iterable[tuple[Any, ...]]:
        return zip(*map(_values, _read(stream).columns), strict=True)

    def one(self, stream: bytes) -> tuple[Any, ...]:
        return (_sum(_read(stream).column(self.shape.key)),)

    def sums(self, stream: bytes) -> tuple[Any, ...]:
        return tuple(map(_sum, _read(stream).columns))

    def verified(self, stream: bytes) -> int:
        table = _read(stream)
        table.validate(full=True)
        count: int = table.num_rows
        return count

    def columns(self, stream: bytes) -> Columns:
        table = _read(stream)
        return {name: table.column(name).chunk(0).to_numpy(zero_copy_only=False) for name in self.shape.names}


class ArrowIpc(Contender):
    """``pyarrow.ipc``: all messages are one batch, which nobody can read before it is whole."""

    name = "arrow"
    label = "Arrow IPC, one batch"

    def __init__(self) -> None:
        self.version = pa.__version__
        self.notes: Mapping[str, str] = {
            "F0": "a binary column of all payloads, in one batch",
            "F1": "rows to a column a field, in one batch; a batch a message would take hundreds of bytes each",
            "F2": "a column a field, in one batch",
            "R0": "each value of a binary column as bytes, which are copied",
            "R1": "Table.validate(full=True), of all at once",
            "R2": "one column, then the sum of its Python values",
            "R3": "each column, then the sum of its Python values",
            "R4": "columns to Python values, then an object a row",
            "R5": "columns as arrays over the stream",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return _Arrow(shape)


def _written(schema: Any, arrays: Sequence[Any]) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.record_batch(arrays, schema=schema))
    return memoryview(sink.getvalue())


def _values(column: Any) -> list[Any]:
    """The Python values of a column: of numbers by way of NumPy, which takes a fraction of the time."""
    numbers = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    found: list[Any] = column.chunk(0).to_numpy().tolist() if numbers else column.to_pylist()
    return found


def _sum(column: Any) -> Any:
    values = _values(column)
    return sum(map(len, values)) if pa.types.is_string(column.type) else sum(values)


def _read(stream: bytes) -> Any:
    return pa.ipc.open_stream(stream).read_all()
