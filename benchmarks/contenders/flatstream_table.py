"""FlatStream with FlatBuffers tables: through what ``flatc`` generates, and through records."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import flatbuffers

import flatstream
from benchmarks.contenders.contender import Codec, Columns, Contender
from benchmarks.contenders.flatstream_vector import FlatStreamCodec
from benchmarks.engines import NATIVE, NO_NATIVE, use
from benchmarks.tiers import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.loops import Access
    from benchmarks.workloads import Row, Shape

__all__ = ["FlatStreamRecord", "FlatStreamTable"]

GENERATED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Telemetry": ("benchmarks.schemas.generated.telemetry", "Telemetry"),
        "Order": ("flatstream.lobster.generated", "LobsterMessage"),
    }
)
"""Package and name of the table, of which ``flatc`` made a module, by the name of the shape."""

SAME_BYTES = "frames and gives the same kind of bytes as the row FlatStream"


class _Table(FlatStreamCodec):
    """The functions and the class that flatc generates."""

    access: ClassVar[Access] = "method"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        package, name = GENERATED[shape.name]
        module = import_module(f"{package}.{name}")
        self._type: Any = getattr(module, name)
        self._start: Any = getattr(module, f"{name}Start")
        self._end: Any = getattr(module, f"{name}End")
        camel = ["".join(part.capitalize() for part in field.split("_")) for field in shape.names]
        self._adders: list[Any] = [getattr(module, f"{name}Add{field}") for field in camel]

    def build(self, rows: Sequence[Row]) -> bytearray:
        use(self.engine)
        sink = bytearray()
        writer = flatstream.StreamWriter(sink, self.framer)
        builder = flatbuffers.Builder(64)
        start, adders, end = self._start, self._adders, self._end
        for row in rows:
            builder.Clear()
            start(builder)
            for add, value in zip(adders, row, strict=True):
                add(builder, value)
            builder.Finish(end(builder))
            writer.write_finished(builder)
        return sink

    def messages(self, stream: bytes) -> Iterable[Any]:
        use(self.engine)
        return flatstream.StreamReader(stream, self.deframer).typed_messages(self._type)

    def verified(self, stream: bytes) -> int:
        use(self.engine)
        deframer = self.deframer.with_validator(flatstream.TableRootValidator())
        count = 0
        for _ in flatstream.StreamReader(stream, deframer):
            count += 1
        return count


class FlatStreamTable(Contender):
    """A message as a table, built and read by what ``flatc`` generates."""

    name = "flatstream-table"
    label = "FlatStream, flatc's table"
    cannot: Mapping[str, str] = MappingProxyType({"F0": SAME_BYTES, "R0": SAME_BYTES})

    def __init__(self) -> None:
        self.version = f"flatbuffers {flatbuffers.__version__}"
        if NATIVE is None:
            self.cannot = dict.fromkeys(TITLES, NO_NATIVE)
        self.notes: Mapping[str, str] = {
            "F1": "fields through the functions of flatc, one builder for all, write_finished",
            "F2": "columns to Python values, then as F1",
            "R1": "TableRootValidator: the root and its vtable lie inside; no field is looked at",
            "R2": "one field through the class of flatc",
            "R3": "fields through the class of flatc",
            "R4": "fields through the class of flatc, then the object",
            "R5": "as R3, then an array a field",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return _Table(shape)

    def refuses(self, shape: Shape, tier: str) -> str | None:
        reason = super().refuses(shape, tier)
        if reason is None and shape.name not in GENERATED:
            return "flatc generated no class for these messages; the row of records has the same tables"
        return reason


class _Record(FlatStreamCodec):
    """A record: whole tables at a time."""

    @cached_property
    def _record(self) -> flatstream.Record:
        kinds: dict[str, Any] = {name: "string" if kind == "text" else kind for name, kind in self.shape.fields}
        return flatstream.Record(f"bench.{self.shape.name}", **kinds)

    def build(self, rows: Sequence[Row]) -> bytearray:
        use(self.engine)
        return self._record.frame_many(rows, self.checksum)

    def build_columns(self, columns: Columns) -> bytearray:
        use(self.engine)
        texts = {name: columns[name].astype("U16") for name, kind in self.shape.fields if kind == "text"}
        return self._record.frame_many({**columns, **texts}, self.checksum)

    def verified(self, stream: bytes) -> int:
        return self._record.verify_many(self.scan(stream))

    def columns(self, stream: bytes) -> Columns:
        found: Columns = self._record.columns(self.scan(stream))
        return found

    def messages(self, stream: bytes) -> Iterable[tuple[Any, ...]]:
        columns = self.columns(stream)
        return zip(*(columns[name].tolist() for name in self.shape.names), strict=True)

    def one(self, stream: bytes) -> tuple[Any, ...]:
        (column,) = self._record.columns(self.scan(stream), [self.shape.key]).values()
        values = column.tolist()
        return (sum(map(len, values)) if self.shape.has_text else sum(values),)

    def sums(self, stream: bytes) -> tuple[Any, ...]:
        columns = self.columns(stream)
        return tuple(
            sum(map(len, columns[name].tolist())) if kind == "text" else sum(columns[name].tolist())
            for name, kind in self.shape.fields
        )


class FlatStreamRecord(Contender):
    """A message as a table, encoded and read by ``flatstream.Record``, all messages in one call."""

    name = "flatstream-record"
    label = "FlatStream, records"
    cannot: Mapping[str, str] = MappingProxyType({"F0": SAME_BYTES, "R0": SAME_BYTES})

    def __init__(self) -> None:
        self.version = flatstream.__version__
        if NATIVE is None:
            self.cannot = dict.fromkeys(TITLES, NO_NATIVE)
        self.notes: Mapping[str, str] = {
            "F1": "Record.frame_many of all rows in one call",
            "F2": "Record.frame_many of the columns in one call",
            "R1": "scan and Record.verify_many: every offset and field of each table, in one call",
            "R2": "scan and Record.columns of one field, then the sum of its Python values",
            "R3": "scan and Record.columns, then the sum of the Python values of each",
            "R4": "scan and Record.columns, then an object a row",
            "R5": "scan and Record.columns",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return _Record(shape)
