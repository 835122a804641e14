"""Avro through fastavro: its container file, uncompressed, which holds blocks of records."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar, Final

import fastavro

from benchmarks.contenders.contender import Codec, Contender
from benchmarks.loops import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.loops import Access
    from benchmarks.workloads import Kind, Row, Shape

__all__ = ["Avro"]

TYPES: Final[dict[Kind, str]] = {
    "u8": "int",
    "i8": "int",
    "u32": "long",
    "i64": "long",
    "u64": "long",
    "f64": "double",
    "text": "string",
}


class _Avro(Codec):
    """A container file in memory."""

    access: ClassVar[Access] = "key"

    @cached_property
    def _schema(self) -> Any:
        fields = [{"name": name, "type": TYPES[kind]} for name, kind in self.shape.fields]
        return fastavro.parse_schema({"type": "record", "name": self.shape.name, "fields": fields})

    def frame(self, payloads: Sequence[bytes]) -> bytes:
        return _written("bytes", payloads)

    def build(self, rows: Sequence[Row]) -> bytes:
        return _written(self._schema, mapping(self.shape, "dict")(rows))

    def payloads(self, stream: bytes) -> Iterable[bytes]:
        found: Iterable[Any] = fastavro.reader(BytesIO(stream))
        return found

    def messages(self, stream: bytes) -> Iterable[Any]:
        found: Iterable[Any] = fastavro.reader(BytesIO(stream))
        return found


class Avro(Contender):
    """``fastavro.writer`` and ``fastavro.reader``."""

    name = "avro"
    label = "Avro, container file"

    def __init__(self) -> None:
        self.version = f"fastavro {fastavro.__version__}"
        every = "fastavro.reader; reads every field whether it is wanted or not"
        self.notes: Mapping[str, str] = {
            "F0": "fastavro.writer of bytes, in blocks of 16,000 bytes, no compression",
            "F1": "fastavro.writer of dicts, in blocks of 16,000 bytes, no compression; integers as varints",
            "F2": "columns to Python values, then as F1",
            "R0": "fastavro.reader; bytes are copied",
            "R1": "fastavro.reader; the schema in the file's head says what is read",
            "R2": every,
            "R3": every,
            "R4": "fastavro.reader, then the object",
            "R5": "fastavro.reader, then an array a field",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return _Avro(shape)

    def refuses(self, shape: Shape, tier: str) -> str | None:
        if shape.name == "Numbers":
            return "Avro's long is signed, and half of these numbers are over its largest"
        return super().refuses(shape, tier)


def _written(schema: Any, records: Iterable[object]) -> bytes:
    sink = BytesIO()
    fastavro.writer(sink, schema, records)
    return sink.getvalue()
