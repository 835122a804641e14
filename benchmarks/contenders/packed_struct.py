"""``struct`` of the standard library: rows of one size, back to back, with no framing. A floor as much as a peer."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.contenders.contender import Codec, Columns, Contender

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.workloads import Row, Shape

__all__ = ["PackedStruct"]

ONE_SIZE = "all rows have one size, which both sides know; there is no frame to make or to find"


class _Struct(Codec):
    def frame(self, payloads: Sequence[bytes]) -> bytes:
        raise NotImplementedError(ONE_SIZE)

    def payloads(self, stream: bytes) -> Iterable[bytes]:
        raise NotImplementedError(ONE_SIZE)

    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        pack = self.shape.struct.pack
        if self.shape.has_text:
            for (text,) in rows:
                sink += pack(text.encode("ascii"))
            return sink
        for row in rows:
            sink += pack(*row)
        return sink

    def build_columns(self, columns: Columns) -> memoryview:
        table = np.empty(len(next(iter(columns.values()))), self.shape.dtype)
        for name, column in columns.items():
            table[name] = column
        return table.view(np.uint8).data

    def messages(self, stream: bytes) -> Iterator[tuple[Any, ...]]:
        rows = self.shape.struct.iter_unpack(stream)
        if self.shape.has_text:
            return ((text.decode("ascii"),) for (text,) in rows)
        return rows

    def columns(self, stream: bytes) -> Columns:
        table = np.frombuffer(stream, self.shape.dtype)
        return {name: table[name] for name in self.shape.names}


class PackedStruct(Contender):
    """``Struct.pack`` and ``Struct.iter_unpack``."""

    name = "struct"
    label = "struct, rows of one size"
    cannot: Mapping[str, str] = {"F0": ONE_SIZE, "R0": ONE_SIZE}

    def __init__(self) -> None:
        self.version = platform.python_version()
        self.notes: Mapping[str, str] = {
            "F1": "Struct.pack, appended to a bytearray; no framing",
            "F2": "a structured array of NumPy, and its bytes; no framing",
            "R1": "Struct.iter_unpack; any bytes are right",
            "R2": "Struct.iter_unpack; unpacks every field whether it is wanted or not",
            "R3": "Struct.iter_unpack",
            "R4": "Struct.iter_unpack, then the object",
            "R5": "one structured array of NumPy over the stream; columns are views",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return _Struct(shape)
