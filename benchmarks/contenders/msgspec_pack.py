"""msgspec's MessagePack, with and without types; it has no streaming, so that a length stands before each message."""

# ruff: noqa: D102  (the base class says what each method does)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from benchmarks.contenders.contender import Codec, Contender
from benchmarks.contenders.message_struct import message_struct
from benchmarks.contenders.prefixed import append_prefixed, prefixed
from benchmarks.loops import appending

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.loops import Access
    from benchmarks.workloads import Row, Shape

__all__ = ["MsgspecPack"]

APPEND = """\
start = len(sink)
encode({value}, sink, start + 4)
sink[start:start + 4] = (len(sink) - start - 4).to_bytes(4, 'little')"""
"""As msgspec's documentation has it: room for the length, the message behind it, then the length."""


class _Untyped(Codec):
    """A message is an array of its values."""

    def frame(self, payloads: Sequence[bytes]) -> bytearray:
        return append_prefixed(map(msgspec.msgpack.Encoder().encode, payloads))

    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        appending(self.shape, "tuple", APPEND)(rows, sink, msgspec.msgpack.Encoder().encode_into)
        return sink

    def payloads(self, stream: bytes) -> Iterable[bytes | memoryview]:
        return map(msgspec.msgpack.Decoder(memoryview).decode, prefixed(stream))

    def messages(self, stream: bytes) -> Iterable[Any]:
        return map(msgspec.msgpack.Decoder().decode, prefixed(stream))


class _Typed(_Untyped):
    """A message is a ``Struct``, encoded without the names of its fields."""

    access: ClassVar[Access] = "attribute"
    owns: ClassVar[bool] = True

    def build(self, rows: Sequence[Row]) -> bytearray:
        sink = bytearray()
        made = message_struct(self.shape, array_like=True)
        appending(self.shape, "new", APPEND)(rows, sink, msgspec.msgpack.Encoder().encode_into, made)
        return sink

    def messages(self, stream: bytes) -> Iterable[Any]:
        return map(msgspec.msgpack.Decoder(message_struct(self.shape, array_like=True)).decode, prefixed(stream))


class MsgspecPack(Contender):
    """``Encoder`` and ``Decoder``."""

    def __init__(self, *, typed: bool) -> None:
        self.version = msgspec.__version__
        self._typed = typed
        kind = "typed" if typed else "untyped"
        self.name, self.label = f"msgspec-msgpack-{kind}", f"msgspec MessagePack, {kind}"
        if typed:
            same = "frames and gives the same bytes as the row without types"
            self.cannot = {"F0": same, "R0": same}
        decodes = "Decoder.decode of each message, behind a length of 4 bytes"
        every = "decodes every field whether it is wanted or not"
        self.notes: Mapping[str, str] = {
            "F0": "Encoder.encode of bytes, behind a length of 4 bytes",
            "F1": f"Encoder.encode_into of {'a Struct, which is made first' if typed else 'an array'}, behind a length",
            "F2": "columns to Python values, then as F1",
            "R0": "Decoder.decode to a view on the source, behind a length of 4 bytes",
            "R1": f"{decodes}; {'checks number and types of the fields' if typed else 'not which fields there are'}",
            "R2": f"{decodes}; {every}",
            "R3": f"{decodes}; {every}",
            "R4": decodes + ("" if typed else ", then the object"),
            "R5": f"{decodes}, then an array a field",
            "cycle": "as F1, then as R3",
        }

    def codec(self, shape: Shape) -> Codec:
        return (_Typed if self._typed else _Untyped)(shape)
