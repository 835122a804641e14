"""CSV, in which LOBSTER's files come: the standard library for rows, PyArrow for columns. No header row."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

import csv
import platform
from io import BytesIO, StringIO, TextIOWrapper
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa
import pyarrow.csv as arrow_csv

from benchmarks.contenders.arrow_ipc import TYPES
from benchmarks.contenders.contender import Codec, Columns, Contender
from benchmarks.loops import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.workloads import Row, Shape

__all__ = ["CsvLines"]

NO_BYTES = "CSV has no bytes; base64 would be work that the others do not do"


class _Csv(Codec):
    """A line a message."""

    def frame(self, payloads: Sequence[bytes]) -> NoReturn:
        raise NotImplementedError(NO_BYTES)

    def payloads(self, stream: bytes) -> NoReturn:
        raise NotImplementedError(NO_BYTES)

    def build(self, rows: Sequence[Row]) -> bytes:
        text = StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode("ascii")

    def build_columns(self, columns: Columns) -> memoryview:
        table = pa.table(dict(columns))
        sink = pa.BufferOutputStream()
        options = arrow_csv.WriteOptions(include_header=False)
        arrow_csv.write_csv(table, sink, options)
        return memoryview(sink.getvalue())

    def messages(self, stream: bytes) -> Iterator[tuple[Any, ...]]:
        return mapping(self.shape, "numbers")(csv.reader(TextIOWrapper(BytesIO(stream), "ascii", newline="")))

    def columns(self, stream: bytes) -> Columns:
        reading = arrow_csv.ReadOptions(column_names=list(self.shape.names))
        types = {name: TYPES[kind] for name, kind in self.shape.fields}
        table = arrow_csv.read_csv(
            BytesIO(stream), read_options=reading, convert_options=arrow_csv.ConvertOptions(column_types=types)
        )
        return {name: table.column(name).to_numpy() for name in self.shape.names}


class CsvLines(Contender):
    """The ``csv`` module, and ``pyarrow.csv`` for columns, which uses all processors."""

    name = "csv"
    label = "CSV"
    cannot: Mapping[str, str] = MappingProxyType({"F0": NO_BYTES, "R0": NO_BYTES})

    def __init__(self) -> None:
        self.version = f"{platform.python_version()}, PyArrow {pa.__version__}"
        parses = "csv.reader, int or float of each cell"
        self.notes: Mapping[str, str] = {
            "F1": "csv.writer.writerows",
            "F2": "pyarrow.csv.write_csv",
            "R1": parses,
            "R2": f"{parses}, whether it is wanted or not",
            "R3": parses,
            "R4": f"{parses}, then the object",
            "R5": "pyarrow.csv.read_csv, which uses all processors",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return _Csv(shape)

    def refuses(self, shape: Shape, tier: str) -> str | None:
        if shape.has_text:
            return "only numbers are read back here"
        return super().refuses(shape, tier)
